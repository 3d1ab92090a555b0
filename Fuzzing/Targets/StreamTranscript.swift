import NIOCore

@_spi(Codec) @testable import WSClient

/// What a stream meant, message by message.
enum StreamEvent: Equatable {
    case message(isText: Bool, [UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(CloseFrame)
    case violation(ProtocolViolation)
}

extension MessageDecoder {
    /// Takes a read and says what came of it.
    mutating func events(of read: ArraySlice<UInt8>) throws -> [StreamEvent] {
        receive(ByteBuffer(bytes: read))
        var events: [StreamEvent] = []
        while let event = next() {
            switch event {
            case .messages(let batch):
                try require(!batch.isEmpty, "an empty batch")
                for message in batch.messages {
                    let payload = Array(batch.payload(of: message).readableBytesView)
                    events.append(.message(isText: message.kind == .text, payload))
                }
            case .ping(let payload): events.append(.ping(Array(payload.readableBytesView)))
            case .pong(let payload): events.append(.pong(Array(payload.readableBytesView)))
            case .close(let frame): events.append(.close(frame))
            case .violation(let violation): events.append(.violation(violation))
            }
        }
        return events
    }
}

extension FuzzInput {
    /// What inputs that are a stream of frames begin with: role, size limit, fragment limit.
    mutating func decoderHead() -> (endpoint: Endpoint, limits: MessageDecoder.Limits) {
        let endpoint = byte() & 1 == 0 ? Endpoint.client : .server
        let limits = MessageDecoder.Limits(
            maximumMessageSize: Int(byte()) << 3,
            maximumFragments: Int(byte() & 15) + 1
        )
        return (endpoint, limits)
    }
}
