public import NIOCore

/// Writes messages and control frames as frames, each unfragmented and with the shortest header (RFC 6455 5.2).
///
/// A client's frames are masked while they are copied, each with a fresh key (5.3).
@_spi(Codec) public struct FrameEncoder {
    /// The longest header: two bytes, eight of length, four of key.
    public static let maximumHeaderLength = FrameHeader.maximumLength

    /// RSV1: the frame's message is compressed (RFC 7692, section 6).
    private static let compressed: UInt8 = 0x40

    private let masks: Bool
    private var keys: MaskingKeys
    /// There if compression was agreed upon.
    private var deflater: MessageDeflater?

    /// Encodes for a client, or for a server in tests, with keys from the system.
    public init(endpoint: Endpoint = .client) {
        self.init(endpoint: endpoint, generator: KernelRandomNumberGenerator())
    }

    /// Encodes with the compression that was agreed upon.
    init(endpoint: Endpoint = .client, deflater: MessageDeflater?) {
        self.init(endpoint: endpoint)
        self.deflater = deflater
    }

    /// Encodes with keys from the given generator; for tests.
    init(endpoint: Endpoint, generator: any RandomNumberGenerator) {
        self.masks = endpoint == .client
        self.keys = MaskingKeys(generator)
    }

    /// Appends all messages of a batch, in order; compressed, if that was agreed upon and the batch allows it.
    ///
    /// - Precondition: the messages lie within the batch's bytes.
    public mutating func encode(_ batch: WebSocketMessageBatch, into buffer: inout ByteBuffer) {
        guard deflater == nil || !batch.mayBeCompressed else { return deflate(batch, into: &buffer) }
        batch.withUnsafeBytes { source in
            var room = 0
            for message in batch.messages {
                precondition(message.range.upperBound <= source.count, "a message lies outside its batch's bytes")
                room += Self.maximumHeaderLength + Int(message.length)
            }
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
                guard let base = target.baseAddress else { return 0 }
                var position = 0
                for message in batch.messages {
                    position &+= write(
                        message.kind.rawValue,
                        UnsafeRawBufferPointer(rebasing: source[message.range]),
                        to: base.advanced(by: position)
                    )
                }
                return position
            }
        }
    }

    /// No message takes more room than it would uncompressed.
    private mutating func deflate(_ batch: WebSocketMessageBatch, into buffer: inout ByteBuffer) {
        guard var deflater else { return }
        self.deflater = nil
        batch.withUnsafeBytes { source in
            for message in batch.messages {
                precondition(message.range.upperBound <= source.count, "a message lies outside its batch's bytes")
                let payload = UnsafeRawBufferPointer(rebasing: source[message.range])
                deflater.withDeflated(payload) { deflated in
                    if let deflated {
                        encode(opcode: message.kind.rawValue | Self.compressed, deflated, into: &buffer)
                    } else {
                        encode(opcode: message.kind.rawValue, payload, into: &buffer)
                    }
                }
            }
        }
        self.deflater = deflater
    }

    /// Appends one message, uncompressed.
    public mutating func encode(
        _ kind: WebSocketMessage.Kind,
        _ payload: UnsafeRawBufferPointer,
        into buffer: inout ByteBuffer
    ) {
        encode(opcode: kind.rawValue, payload, into: &buffer)
    }

    /// Appends a ping (5.5.2).
    ///
    /// - Precondition: the payload has at most 125 bytes.
    public mutating func encodePing(_ payload: ByteBuffer = ByteBuffer(), into buffer: inout ByteBuffer) {
        encode(control: .ping, payload, into: &buffer)
    }

    /// Appends a pong (5.5.3).
    ///
    /// - Precondition: the payload has at most 125 bytes.
    public mutating func encodePong(_ payload: ByteBuffer, into buffer: inout ByteBuffer) {
        encode(control: .pong, payload, into: &buffer)
    }

    /// Appends a close frame (5.5.1).
    ///
    /// A reason of more than 123 bytes is cut between characters.
    ///
    /// - Precondition: the code is nil or allowed on the wire.
    public mutating func encodeClose(_ close: CloseFrame, into buffer: inout ByteBuffer) {
        close.payload.withUnsafeBytes { encode(opcode: Opcode.close.rawValue, $0, into: &buffer) }
    }

    private mutating func encode(control opcode: Opcode, _ payload: ByteBuffer, into buffer: inout ByteBuffer) {
        precondition(payload.readableBytes <= 125, "a control frame carries at most 125 bytes")
        payload.withUnsafeReadableBytes { encode(opcode: opcode.rawValue, $0, into: &buffer) }
    }

    private mutating func encode(opcode: UInt8, _ payload: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        let room = Self.maximumHeaderLength + payload.count
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            guard let base = target.baseAddress else { return 0 }
            return write(opcode, payload, to: base)
        }
    }

    /// Writes one final frame and returns its length.
    ///
    /// There must be room for the longest header and the payload.
    @inline(__always)
    private mutating func write(
        _ opcode: UInt8,
        _ payload: UnsafeRawBufferPointer,
        to target: UnsafeMutableRawPointer
    ) -> Int {
        target.storeBytes(of: 0x80 | opcode, as: UInt8.self)
        let maskBit: UInt8 = masks ? 0x80 : 0
        var length: Int
        switch payload.count {
        case ...125:
            target.storeBytes(of: maskBit | UInt8(truncatingIfNeeded: payload.count), toByteOffset: 1, as: UInt8.self)
            length = 2
        case ...0xFFFF:
            target.storeBytes(of: maskBit | 126, toByteOffset: 1, as: UInt8.self)
            let field = UInt16(truncatingIfNeeded: payload.count).bigEndian
            target.storeBytes(of: field, toByteOffset: 2, as: UInt16.self)
            length = 4
        default:
            target.storeBytes(of: maskBit | 127, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(of: UInt64(payload.count).bigEndian, toByteOffset: 2, as: UInt64.self)
            length = 10
        }
        var key: UInt32 = 0
        if masks {
            key = keys.next()
            target.storeBytes(of: key.littleEndian, toByteOffset: length, as: UInt32.self)
            length &+= 4
        }
        Masking.copy(payload, to: target.advanced(by: length), key: key)
        return length &+ payload.count
    }
}
