import NIOCore
import NIOEmbedded
import NIOWebSocket

@_spi(Codec) @testable import WSClient

extension FuzzTarget {
    /// Input: role and two limits, as for `frames`; then the stream.
    static let framesBesideNIO = FuzzTarget(
        "frames-nio",
        "the same messages as NIOWebSocket's decoder finds, and a refusal wherever it or RFC 6455 refuses"
    ) { bytes in
        var input = FuzzInput(bytes)
        let (endpoint, limits) = input.decoderHead()
        var decoder = MessageDecoder(endpoint: endpoint, limits: limits)
        let ours = try decoder.events(of: input.rest)
        let theirs = try ReferenceReading(of: input.rest, endpoint: endpoint, limits: limits)

        guard case .violation(let violation)? = ours.last else {
            try require(ours == theirs.events, "ours \(ours), NIOWebSocket's \(theirs.events)")
            guard theirs.end == .refusedByNIO else { return }
            // We judge a header once it is whole, its masking key included.
            let more = try decoder.events(of: [0, 0, 0, 0])
            guard endpoint == .server, case .violation = more.last else {
                throw PropertyBroken(description: "NIOWebSocket refuses what we accept: \(ours)")
            }
            return
        }
        let before = Array(ours.dropLast())
        switch theirs.end {
        case .violation(let expected):
            let isSame = before == theirs.events && expected == violation
            // NIOWebSocket hands over whole frames, so that what is wrong with one can be found later than here.
            let isEarlier = theirs.events.starts(with: before) && violation.isFoundInHeader
            try require(isSame || isEarlier, "ours \(ours), NIOWebSocket's \(theirs)")
        case .refusedByNIO, .waiting:
            try require(theirs.events.starts(with: before), "ours \(ours), NIOWebSocket's \(theirs)")
            let isKnown = violation.isFoundInHeader || violation == .invalidText
            try require(
                theirs.end == .refusedByNIO || isKnown,
                "refused by us alone: \(ours), NIOWebSocket's \(theirs)"
            )
        }
    }
}

/// NIOWebSocket's frames, joined to messages by the rules of RFC 6455 that its decoder leaves to others.
///
/// Those are: reserved bits, opcodes, who masks, the order of fragments, sums of lengths, UTF-8, close codes. How a
/// length is written it doesn't tell, so that a length in too many bytes is seen by us alone.
private struct ReferenceReading {
    enum End: Equatable {
        /// Nothing is wrong so far, or the stream is closed.
        case waiting
        case refusedByNIO
        case violation(ProtocolViolation)
    }

    private(set) var events: [StreamEvent] = []
    private(set) var end = End.waiting
    private var open: (isText: Bool, payload: [UInt8], count: Int)?

    init(of stream: ArraySlice<UInt8>, endpoint: Endpoint, limits: MessageDecoder.Limits) throws {
        let channel = EmbeddedChannel()
        let handler = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: Int(UInt32.max)))
        try channel.pipeline.syncOperations.addHandler(handler)
        do {
            try channel.writeInbound(ByteBuffer(bytes: stream))
        } catch is NIOWebSocketError {
            end = .refusedByNIO
        }
        while let frame = try channel.readInbound(as: WebSocketFrame.self) {
            do {
                if try take(frame, endpoint, limits) {
                    end = .waiting
                    break
                }
            } catch let violation as ProtocolViolation {
                end = .violation(violation)
                break
            }
        }
        // It has thrown what it had to throw.
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    /// Whether the stream is closed.
    private mutating func take(
        _ frame: WebSocketFrame,
        _ endpoint: Endpoint,
        _ limits: MessageDecoder.Limits
    ) throws -> Bool {
        let bits = (frame.rsv1 ? 4 : 0) | (frame.rsv2 ? 2 : 0) | (frame.rsv3 ? 1 : 0)
        if bits != 0 { throw ProtocolViolation.reservedBits(UInt8(bits)) }
        let payload = Array(frame.unmaskedData.readableBytesView)
        let isControl = [.connectionClose, .ping, .pong].contains(frame.opcode)
        guard isControl || [.continuation, .text, .binary].contains(frame.opcode) else {
            throw ProtocolViolation.unknownOpcode(UInt8(webSocketOpcode: frame.opcode))
        }
        if endpoint == .client, frame.maskKey != nil { throw ProtocolViolation.maskedServerFrame }
        if endpoint == .server, frame.maskKey == nil { throw ProtocolViolation.unmaskedClientFrame }
        switch frame.opcode {
        case .ping: events.append(.ping(payload))
        case .pong: events.append(.pong(payload))
        case .connectionClose:
            events.append(.close(try payload.withUnsafeBytes { try CloseFrame(payload: $0) }))
            return true
        default: try takeData(frame, payload, limits)
        }
        return false
    }

    private mutating func takeData(
        _ frame: WebSocketFrame,
        _ payload: [UInt8],
        _ limits: MessageDecoder.Limits
    ) throws {
        if (frame.opcode == .continuation) != (open != nil) {
            throw open == nil ? ProtocolViolation.unexpectedContinuation : .interruptedMessage
        }
        var message = open ?? (frame.opcode == .text, [], 0)
        message.payload += payload
        message.count += 1
        guard message.payload.count <= limits.maximumMessageSize else {
            throw ProtocolViolation.messageTooLarge(
                declared: UInt64(message.payload.count),
                limit: limits.maximumMessageSize
            )
        }
        guard message.count <= limits.maximumFragments else {
            throw ProtocolViolation.tooManyFragments(limit: limits.maximumFragments)
        }
        open = message
        guard frame.fin else { return }
        open = nil
        guard !message.isText || String(validating: message.payload, as: UTF8.self) != nil else {
            throw ProtocolViolation.invalidText
        }
        events.append(.message(isText: message.isText, message.payload))
    }
}

extension ProtocolViolation {
    /// Whether a frame's header is enough to find it, so that the rest needn't arrive.
    fileprivate var isFoundInHeader: Bool {
        switch self {
        case .invalidText: true  // in any fragment, before the message is whole
        case .truncatedCloseCode, .invalidCloseCode, .invalidCloseReason: false
        default: true
        }
    }
}
