public import NIOCore

/// Turns reads into messages and control frames (RFC 6455 5), and fails closed on whatever the RFC doesn't allow.
///
/// Give it a read, then pull events until there are none:
///
///     decoder.receive(read)
///     while let event = decoder.next() { ... }
///
/// Messages that lie in one frame in one read are slices of it. Others are assembled in a buffer of their own. After
/// a close frame or a violation everything else is ignored.
@_spi(Codec) public struct MessageDecoder {
    /// A data frame whose header was taken, and the payload only in part.
    private struct PartialFrame {
        var header: FrameHeader
        var received = 0
    }

    private let rules: FrameHeader.Rules
    private let limits: Limits
    /// What is left of the last read.
    private var read = ByteBuffer()
    /// A header or a control frame that the last read cut: at most 139 bytes.
    private var cut = ByteBuffer()
    private var partial: PartialFrame?
    private var assembler: MessageAssembler
    private var violation: ProtocolViolation?
    private var hasEnded = false
    /// How many messages the last batch held, to make room for as many.
    private var expectedCount = 0

    /// The memory that is held between reads, in bytes, for what is incomplete.
    var capacityHeld: Int { read.capacity + cut.capacity + assembler.capacity }

    /// Starts at the first byte after the handshake.
    public init(endpoint: Endpoint = .client, limits: Limits = Limits()) {
        self.init(endpoint: endpoint, limits: limits, inflater: nil)
    }

    /// Starts at the first byte after the handshake, in which compression was agreed upon.
    init(endpoint: Endpoint = .client, limits: Limits = Limits(), inflater: MessageInflater?) {
        self.rules = FrameHeader.Rules(endpoint: endpoint, negotiatedBits: inflater == nil ? 0 : 0x40)
        self.limits = limits
        self.assembler = MessageAssembler(limits: limits, inflater: inflater)
    }

    /// Whether `next` would have something to look at, without another read.
    var hasMore: Bool { !hasEnded && (read.readableBytes > 0 || violation != nil) }

    /// Takes what was read from the connection.
    public mutating func receive(_ buffer: ByteBuffer) {
        guard !hasEnded else { return }
        if read.readableBytes == 0 {
            read = buffer
        } else {
            read.writeImmutableBuffer(buffer)
        }
    }

    /// The next event of what was received, nil when the rest has to wait for more bytes.
    public mutating func next() -> Event? {
        guard !hasEnded else { return nil }
        if let violation { return end(.violation(violation)) }
        // Owned here while it is worked on, so that the batch that leaves is its only owner.
        var read = ByteBuffer()
        swap(&read, &self.read)
        var slices = ContiguousArray<WebSocketMessage>()
        let stop: Stop
        do {
            stop = try advance(&read, &slices)
        } catch {
            guard let batch = takeBatch(read, &slices) else { return end(.violation(error)) }
            violation = error
            return .messages(batch)
        }
        switch stop {
        case .exhausted:
            return takeBatch(read, &slices).map(Event.messages)
        case .boundary:
            self.read = read
            return takeBatch(read, &slices).map(Event.messages)
        case .control(let event):
            if case .close = event { return end(event) }
            self.read = read
            return event
        }
    }

    private mutating func end(_ event: Event) -> Event {
        hasEnded = true
        read = ByteBuffer()
        cut = ByteBuffer()
        partial = nil
        assembler = MessageAssembler(limits: limits)
        return event
    }

    private mutating func takeBatch(
        _ read: ByteBuffer,
        _ slices: inout ContiguousArray<WebSocketMessage>
    ) -> WebSocketMessageBatch? {
        guard !slices.isEmpty else { return assembler.takeBatch() }
        expectedCount = slices.count
        return WebSocketMessageBatch(bytes: read, messages: slices)
    }
}

// MARK: - Reading on

extension MessageDecoder {
    /// Why reading stopped.
    private enum Stop {
        /// All of the read is taken.
        case exhausted
        /// What was found so far must leave before the next frame is taken: it lies in another buffer.
        case boundary
        /// A control frame, with nothing before it that must leave first.
        case control(Event)
    }

    /// Takes frames until something has to leave.
    ///
    /// Either slices or assembled messages are waiting then, never both.
    private mutating func advance(
        _ read: inout ByteBuffer,
        _ slices: inout ContiguousArray<WebSocketMessage>
    ) throws(ProtocolViolation) -> Stop {
        if cut.readableBytes > 0 {
            guard let header = try completeCut(&read) else { return .exhausted }
            if header.opcode.isControl {
                var frame = ByteBuffer()
                swap(&frame, &cut)
                return .control(try controlEvent(header, &frame))
            }
            cut = ByteBuffer()
            try begin(header)
        }
        while true {
            if partial != nil, try !continuePartial(&read) { return .exhausted }
            if assembler.isFull { return .boundary }
            let scanned = read.withUnsafeReadableBytes { bytes in
                scan(bytes, base: read.readerIndex, into: &slices)
            }
            read.moveReaderIndex(forwardBy: scanned.length)
            switch scanned.end {
            case .violation(let violation):
                throw violation
            case .incomplete:
                if read.readableBytes > 0 { cut = copy(of: read) }
                return .exhausted
            case .boundary:
                return .boundary
            case .frame(let header) where header.opcode.isControl:
                guard read.readableBytes >= header.length + header.payloadLength else {
                    cut = copy(of: read)
                    return .exhausted
                }
                guard slices.isEmpty, !assembler.hasCompleted else { return .boundary }
                return .control(try controlEvent(header, &read))
            case .frame(let header):
                guard slices.isEmpty else { return .boundary }
                read.moveReaderIndex(forwardBy: header.length)
                try begin(header)
            }
        }
    }

    /// What ended a scan.
    private enum ScanEnd {
        /// The bytes are used up, but for part of a header.
        case incomplete
        case boundary
        /// A frame that isn't a slice: control, fragment, cut, compressed, or masked.
        case frame(FrameHeader)
        case violation(ProtocolViolation)
    }

    /// The inner loop: whole messages in one frame each, where they lie.
    ///
    /// Returns how many bytes those took.
    private func scan(
        _ bytes: UnsafeRawBufferPointer,
        base: Int,
        into slices: inout ContiguousArray<WebSocketMessage>
    ) -> (length: Int, end: ScanEnd) {
        let rules = rules
        let limit = limits.maximumMessageSize
        let maySlice = rules.endpoint == .client && !assembler.isOpen
        let mustLeaveFirst = assembler.hasCompleted
        var position = 0
        do throws(ProtocolViolation) {
            while let header = try FrameHeader.parse(bytes, at: position, rules: rules) {
                let start = position &+ header.length
                guard maySlice, header.isFinal, !header.isCompressed, header.payloadLength <= limit,
                    header.payloadLength <= bytes.count &- start,
                    let kind = WebSocketMessage.Kind(rawValue: header.opcode.rawValue)
                else { return (position, .frame(header)) }
                if mustLeaveFirst { return (position, .boundary) }
                let end = start &+ header.payloadLength
                if kind == .text, !UTF8Validator.isValid(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) {
                    throw .invalidText
                }
                if slices.isEmpty { slices.reserveCapacity(max(expectedCount, 8)) }
                slices.append(WebSocketMessage(offset: base &+ start, length: header.payloadLength, kind: kind))
                position = end
            }
        } catch {
            return (position, .violation(error))
        }
        return (position, .incomplete)
    }

    /// A data frame that goes through the assembler.
    private mutating func begin(_ header: FrameHeader) throws(ProtocolViolation) {
        try assembler.begin(header)
        partial = PartialFrame(header: header)
    }

    /// Takes what the read has of the frame under way.
    ///
    /// False when more has to arrive.
    private mutating func continuePartial(_ read: inout ByteBuffer) throws(ProtocolViolation) -> Bool {
        guard var frame = partial else { return true }
        let count = min(frame.header.payloadLength - frame.received, read.readableBytes)
        if count > 0 {
            try read.withUnsafeReadableBytes { bytes throws(ProtocolViolation) in
                try assembler.append(
                    UnsafeRawBufferPointer(rebasing: bytes[..<count]),
                    maskingKey: frame.header.maskingKey,
                    phase: frame.received
                )
            }
            read.moveReaderIndex(forwardBy: count)
            frame.received += count
        }
        guard frame.received == frame.header.payloadLength else {
            partial = frame
            return false
        }
        partial = nil
        if frame.header.isFinal { try assembler.finish() }
        return true
    }

    /// Completes a header or control frame that the read before cut.
    ///
    /// Nil when more has to arrive.
    private mutating func completeCut(_ read: inout ByteBuffer) throws(ProtocolViolation) -> FrameHeader? {
        while true {
            let missing = cut.withUnsafeReadableBytes { FrameHeader.lengthNeeded($0) } - cut.readableBytes
            if missing <= 0 {
                return try cut.withUnsafeReadableBytes { bytes throws(ProtocolViolation) in
                    try FrameHeader.parse(bytes, at: 0, rules: rules)
                }
            }
            guard var piece = read.readSlice(length: min(missing, read.readableBytes)), piece.readableBytes > 0 else {
                // What is here may already be against the rules.
                _ = try cut.withUnsafeReadableBytes { bytes throws(ProtocolViolation) in
                    try FrameHeader.parse(bytes, at: 0, rules: rules)
                }
                return nil
            }
            cut.writeBuffer(&piece)
        }
    }

    /// The bytes alone, so that they don't keep a whole read alive.
    private func copy(of buffer: ByteBuffer) -> ByteBuffer {
        var copy = ByteBuffer()
        copy.writeImmutableBuffer(buffer)
        return copy
    }

    /// Takes a whole control frame from the front of `buffer`.
    private func controlEvent(_ header: FrameHeader, _ buffer: inout ByteBuffer) throws(ProtocolViolation) -> Event {
        buffer.moveReaderIndex(forwardBy: header.length)
        var payload = buffer.readSlice(length: header.payloadLength) ?? ByteBuffer()
        if header.maskingKey != 0 {
            payload.withUnsafeMutableReadableBytes { Masking.apply(header.maskingKey, to: $0) }
        }
        switch header.opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        case .close, .continuation, .text, .binary:
            return .close(
                try payload.withUnsafeReadableBytes { bytes throws(ProtocolViolation) in try CloseFrame(payload: bytes)
                }
            )
        }
    }
}
