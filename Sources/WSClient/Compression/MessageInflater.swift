import NIOCore

/// Inflates one message after another as their pieces arrive (RFC 7692, section 7.2.2).
///
/// The size is bounded before each growth (requirement S4). What is compressed is never kept.
struct MessageInflater {
    /// A ratio counts only above so many inflated bytes: the shortest messages may shrink to nothing.
    static let sizeWithoutRatio = 1 << 20
    /// The bytes that the sender left out at a message's end.
    private static let tail = ByteBuffer(bytes: [0x00, 0x00, 0xFF, 0xFF])

    let windowBits: Int
    let takesOver: Bool
    let maximumRatio: Int
    private var handle: InflateHandle?
    /// Of the message under way.
    private var consumed = 0
    private var produced = 0

    init(windowBits: Int = 15, takesOver: Bool = true, maximumRatio: Int = 1032) {
        self.windowBits = windowBits
        self.takesOver = takesOver
        self.maximumRatio = maximumRatio
    }

    /// A compressed message begins.
    mutating func begin() {
        consumed = 0
        produced = 0
    }

    /// Appends what a piece inflates to; a text's validator sees each part as it is written.
    mutating func inflate(
        _ piece: UnsafeRawBufferPointer,
        into bytes: inout ByteBuffer,
        limit: Int,
        checking text: inout UTF8Validator?
    ) throws(ProtocolViolation) {
        let handle = try makeHandle()
        var rest = piece
        while true {
            // One byte more than may be: it tells that there is more.
            let most = limit - produced + 1
            var step = (consumed: 0, produced: 0, progress: InflateHandle.Progress.going)
            var hasRoomLeft = false
            var isWellFormed = true
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: min(max(4 * rest.count, 512), 256 << 10, most)) {
                let room = UnsafeMutableRawBufferPointer(rebasing: $0.prefix(most))
                step = handle.inflate(rest, into: room)
                hasRoomLeft = step.produced < room.count
                isWellFormed = text?.consume(UnsafeRawBufferPointer(rebasing: room[..<step.produced])) ?? true
                return step.produced
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[step.consumed...])
            consumed += step.consumed
            produced += step.produced
            guard step.progress != .corrupt else { throw .invalidCompression }
            guard isWellFormed else { throw .invalidText }
            guard produced <= limit else { throw .inflatedTooLarge(limit: limit) }
            guard produced <= Self.sizeWithoutRatio || produced / maximumRatio <= consumed else {
                throw .inflatedTooMuch(ratio: maximumRatio)
            }
            if step.progress == .streamEnded { handle.beginStream() }
            guard !rest.isEmpty || !hasRoomLeft else { return }
        }
    }

    /// The message's last byte arrived: what is left of it comes out, and nothing may be missing.
    mutating func finish(
        into bytes: inout ByteBuffer,
        limit: Int,
        checking text: inout UTF8Validator?
    ) throws(ProtocolViolation) {
        try Self.tail.withUnsafeReadableBytes { tail throws(ProtocolViolation) in
            try inflate(tail, into: &bytes, limit: limit, checking: &text)
        }
        guard let handle, handle.isBetweenBlocks else { throw .invalidCompression }
        if !takesOver { handle.forget() }
    }

    private mutating func makeHandle() throws(ProtocolViolation) -> InflateHandle {
        if let handle { return handle }
        guard let made = InflateHandle(windowBits: windowBits) else { throw .invalidCompression }
        handle = made
        return made
    }
}
