import NIOCore

@_spi(Codec) @testable import WSClient

/// What a decoder made of a stream, message by message.
enum Seen: Equatable {
    case text(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, String)
    case violation(ProtocolViolation)
}

extension MessageDecoder {
    /// Takes a read and says what came of it.
    mutating func seen(_ read: some Sequence<UInt8>) -> [Seen] {
        receive(ByteBuffer(bytes: read))
        return drain()
    }

    /// All that is to be had.
    mutating func drain() -> [Seen] {
        var all: [Seen] = []
        while let event = next() {
            switch event {
            case .messages(let batch):
                precondition(!batch.isEmpty, "a batch is never empty")
                for message in batch.messages {
                    let payload = batch.payload(of: message)
                    switch message.kind {
                    case .text: all.append(.text(String(buffer: payload)))
                    case .binary: all.append(.binary(Array(payload.readableBytesView)))
                    }
                }
            case .ping(let payload): all.append(.ping(Array(payload.readableBytesView)))
            case .pong(let payload): all.append(.pong(Array(payload.readableBytesView)))
            case .close(let frame): all.append(.close(frame.code?.rawValue, frame.reason))
            case .violation(let violation): all.append(.violation(violation))
            }
        }
        return all
    }
}

/// What a fresh decoder makes of a stream that arrives in pieces cut at the given offsets.
func transcript(
    of stream: [UInt8],
    cutAt cuts: [Int] = [],
    endpoint: Endpoint = .client,
    limits: MessageDecoder.Limits = .init()
) -> [Seen] {
    var decoder = MessageDecoder(endpoint: endpoint, limits: limits)
    var all: [Seen] = []
    var start = 0
    for end in cuts + [stream.count] {
        all += decoder.seen(stream[start..<end])
        start = end
    }
    return all
}
