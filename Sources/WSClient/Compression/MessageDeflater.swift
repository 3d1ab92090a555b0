import NIOCore

/// Compresses outgoing messages, each one that gets smaller by it (RFC 7692, section 7.2.1).
struct MessageDeflater {
    /// Kept for the next message, unless it is larger.
    private static let scratchKept = 256 << 10

    let windowBits: Int
    let takesOver: Bool
    let level: Int
    let minimumSize: Int
    /// A window of 256 bytes is more than zlib can keep to; a message by itself that is no longer can't leave it.
    private let maximumSize: Int
    private var handle: DeflateHandle?
    private var scratch = ByteBuffer()
    private var hasHistory = false

    init(windowBits: Int = 15, takesOver: Bool = false, level: Int = 6, minimumSize: Int = 0) {
        self.windowBits = max(windowBits, 9)
        self.takesOver = takesOver && windowBits >= 9
        self.level = level
        self.minimumSize = minimumSize
        maximumSize = windowBits >= 9 ? .max : 256
    }

    /// Calls `body` with the message's compressed form, valid during the call; with nil if it is to go as it is.
    mutating func withDeflated<Result>(
        _ message: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer?) -> Result
    ) -> Result {
        guard message.count >= minimumSize, message.count <= maximumSize, let length = deflate(message) else {
            return body(nil)
        }
        defer {
            if scratch.capacity > Self.scratchKept { scratch = ByteBuffer() }
        }
        return scratch.withVeryUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }

    /// Compresses into the scratch buffer; nil if the result isn't smaller.
    private mutating func deflate(_ message: UnsafeRawBufferPointer) -> Int? {
        if handle == nil { handle = DeflateHandle(windowBits: windowBits, level: level) }
        guard let handle else { return nil }
        if hasHistory, !takesOver { handle.forget() }
        hasHistory = true
        // The four bytes of the tail are left out on the wire.
        let room = message.count + 4
        scratch.clear(minimumCapacity: room)
        var produced: Int?
        scratch.withUnsafeMutableWritableBytes {
            produced = handle.deflate(message, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<room]))
        }
        if let produced, produced - 4 < message.count { return produced - 4 }
        // The server never sees it, so nothing later may refer to it.
        handle.forget()
        hasHistory = false
        return nil
    }
}
