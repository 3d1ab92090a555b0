import NIOCore

@_spi(Codec) @testable import WSClient

/// Messages compressed for tests.
enum Deflated {
    /// One message by itself, as it goes into a frame.
    static func message(_ bytes: [UInt8], windowBits: Int = 15) -> [UInt8] {
        [UInt8](block(bytes, windowBits: windowBits).dropLast(4))
    }

    /// One flushed piece of a stream, the empty block at its end with it.
    static func block(_ bytes: [UInt8], windowBits: Int = 15) -> [UInt8] {
        guard let handle = DeflateHandle(windowBits: windowBits, level: 6) else { return [] }
        var room = [UInt8](repeating: 0, count: bytes.count + bytes.count / 8 + 64)
        let length = bytes.withUnsafeBytes { input in
            room.withUnsafeMutableBytes { handle.deflate(input, into: $0) }
        }
        return [UInt8](room.prefix(length ?? 0))
    }

    static func frame(_ kind: WebSocketMessage.Kind, _ bytes: [UInt8], final: Bool = true) -> RawFrame {
        RawFrame(kind.rawValue, bytes, final: final, reserved: 4)
    }

    static func text(_ text: String) -> RawFrame { frame(.text, message(Array(text.utf8))) }
}

/// What a fresh decoder with compression makes of a stream.
func inflated(
    _ stream: [UInt8],
    cutAt cuts: [Int] = [],
    limits: MessageDecoder.Limits = .init(),
    inflater: MessageInflater = MessageInflater()
) -> [Seen] {
    var decoder = MessageDecoder(limits: limits, inflater: inflater)
    var all: [Seen] = []
    var start = 0
    for end in cuts + [stream.count] {
        all += decoder.seen(stream[start..<end])
        start = end
    }
    return all
}
