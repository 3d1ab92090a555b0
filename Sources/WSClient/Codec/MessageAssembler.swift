import NIOCore

/// Puts together what can't be a slice of one read: messages in fragments, cut at a read's end, or compressed.
///
/// Completed messages stay in the buffer, in order, until `takeBatch`, with the message under way behind them. The
/// buffer grows with the bytes that arrive, never on a header's word.
struct MessageAssembler {
    private let limits: MessageDecoder.Limits
    private var bytes = ByteBuffer()
    private var messages = ContiguousArray<WebSocketMessage>()

    /// Whether a message is under way: between its first frame's header and the end of its last frame.
    private(set) var isOpen = false
    private var kind = WebSocketMessage.Kind.binary
    /// Where the message under way begins in `bytes`.
    private var start = 0
    private var fragments = 0
    private var text = UTF8Validator()
    /// There if compression was agreed upon.
    private var inflater: MessageInflater?
    private var isCompressed = false
    /// What the frames of a compressed message declare, in sum.
    private var compressedLength = 0

    init(limits: MessageDecoder.Limits, inflater: MessageInflater? = nil) {
        self.limits = limits
        self.inflater = inflater
    }

    /// Whether there are completed messages to take.
    var hasCompleted: Bool { !messages.isEmpty }

    /// Whether the completed messages are so large that no more should join them: a read of compressed ones may hold a
    /// thousand times its size (requirement S4).
    var isFull: Bool { hasCompleted && (isOpen ? start : bytes.writerIndex) >= 1 << 20 }

    /// The memory held, in bytes.
    var capacity: Int { bytes.capacity }

    /// The bytes held for the message under way.
    var openLength: Int { isOpen ? bytes.writerIndex - start : 0 }

    /// A data frame's header arrived: checks it against the frames before and the limits (RFC 6455 5.4).
    mutating func begin(_ header: FrameHeader) throws(ProtocolViolation) {
        let beginning: WebSocketMessage.Kind?
        switch header.opcode {
        case .text: beginning = .text
        case .binary: beginning = .binary
        case .continuation, .close, .ping, .pong: beginning = nil
        }
        if let beginning {
            guard !isOpen else { throw .interruptedMessage }
            isOpen = true
            kind = beginning
            start = bytes.writerIndex
            fragments = 0
            text = UTF8Validator()
            isCompressed = header.isCompressed
            compressedLength = 0
            if isCompressed { inflater?.begin() }
        } else {
            guard isOpen else { throw .unexpectedContinuation }
        }
        fragments += 1
        guard fragments <= limits.maximumFragments else { throw .tooManyFragments(limit: limits.maximumFragments) }
        let before = isCompressed ? compressedLength : openLength
        let limit = isCompressed ? limits.maximumCompressedSize : limits.maximumMessageSize
        guard header.payloadLength <= limit - before else {
            throw .messageTooLarge(
                declared: UInt64(header.payloadLength) + UInt64(before),
                limit: limits.maximumMessageSize
            )
        }
        if isCompressed { compressedLength += header.payloadLength }
    }

    /// A piece of a data frame's payload arrived.
    ///
    /// `phase` counts the bytes of that frame before it.
    mutating func append(
        _ piece: UnsafeRawBufferPointer,
        maskingKey: UInt32,
        phase: Int
    ) throws(ProtocolViolation) {
        if isCompressed { return try inflate(piece, maskingKey, phase) }
        let isText = kind == .text
        var isWellFormed = true
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: piece.count) { room in
            guard let target = room.baseAddress else { return 0 }
            Masking.copy(piece, to: target, key: maskingKey, phase: phase)
            isWellFormed = !isText || text.consume(UnsafeRawBufferPointer(start: target, count: piece.count))
            return piece.count
        }
        guard isWellFormed else { throw .invalidText }
    }

    /// Inflates right behind what is there, so that no compressed byte is kept.
    private mutating func inflate(
        _ piece: UnsafeRawBufferPointer,
        _ maskingKey: UInt32,
        _ phase: Int
    ) throws(ProtocolViolation) {
        guard maskingKey == 0 else {
            // Only a server is sent masked frames.
            var plain = ByteBuffer(bytes: piece)
            plain.withUnsafeMutableReadableBytes { Masking.apply(maskingKey, to: $0, phase: phase) }
            return try plain.withUnsafeReadableBytes { bytes throws(ProtocolViolation) in
                try inflate(bytes, 0, 0)
            }
        }
        var validator = kind == .text ? text : nil
        try inflater?.inflate(piece, into: &bytes, limit: limits.maximumMessageSize, checking: &validator)
        text = validator ?? text
    }

    /// The message's last byte arrived.
    mutating func finish() throws(ProtocolViolation) {
        if isCompressed {
            var validator = kind == .text ? text : nil
            try inflater?.finish(into: &bytes, limit: limits.maximumMessageSize, checking: &validator)
            text = validator ?? text
        }
        guard kind != .text || text.isComplete else { throw .invalidText }
        messages.append(WebSocketMessage(offset: start, length: bytes.writerIndex - start, kind: kind))
        isOpen = false
    }

    /// Hands out the completed messages, if any.
    ///
    /// What is there of the message under way moves to a new buffer.
    mutating func takeBatch() -> WebSocketMessageBatch? {
        guard hasCompleted else { return nil }
        var rest = ByteBuffer()
        if isOpen, let begun = bytes.getSlice(at: start, length: bytes.writerIndex - start) {
            rest.writeImmutableBuffer(begun)
        }
        let batch = WebSocketMessageBatch(bytes: bytes, messages: messages)
        bytes = rest
        messages = []
        start = 0
        return batch
    }
}
