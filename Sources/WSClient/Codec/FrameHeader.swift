/// A frame's header as read from the wire (RFC 6455 5.2), all checks that need no other frame done.
struct FrameHeader: Equatable {
    /// The longest header: two bytes, eight of length, four of key.
    static let maximumLength = 14

    /// What a header may be, by the end that reads it and what was negotiated.
    struct Rules: Equatable {
        var endpoint: Endpoint
        /// Reserved bits that an extension gave a meaning to, at their place in the first byte (RSV1 is 0x40).
        var negotiatedBits: UInt8

        init(endpoint: Endpoint, negotiatedBits: UInt8 = 0) {
            self.endpoint = endpoint
            self.negotiatedBits = negotiatedBits & 0x70
        }
    }

    var opcode: Opcode
    var isFinal: Bool
    /// RSV1: the message that begins here is compressed (RFC 7692, section 6).
    var isCompressed: Bool
    /// The payload's length as declared; nothing of that size need ever arrive.
    var payloadLength: Int
    /// The key as in `Masking`; 0 for a frame without a mask, which comes to the same.
    var maskingKey: UInt32
    /// How many bytes the header itself has.
    var length: Int

    /// Reads the header at `position`, or returns nil when it isn't there wholly yet.
    ///
    /// What the first two bytes give away is refused as soon as they are there.
    @inline(__always)
    static func parse(
        _ bytes: UnsafeRawBufferPointer,
        at position: Int,
        rules: Rules
    ) throws(ProtocolViolation) -> FrameHeader? {
        let available = bytes.count &- position
        guard available >= 2, let base = bytes.baseAddress?.advanced(by: position) else { return nil }
        let first = base.load(as: UInt8.self)
        let second = base.load(fromByteOffset: 1, as: UInt8.self)
        let opcode = try opcode(first, second, rules)

        var length = 2
        var payloadLength = Int(second & 0x7F)
        if payloadLength == 126 {
            guard available >= 4 else { return nil }
            payloadLength = Int(UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            guard payloadLength > 125 else { throw .nonMinimalLength }
            length = 4
        } else if payloadLength == 127 {
            guard available >= 10 else { return nil }
            let declared = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard let inRange = Int(exactly: declared) else { throw .lengthOutOfRange }
            guard inRange > 0xFFFF else { throw .nonMinimalLength }
            payloadLength = inRange
            length = 10
        }

        var maskingKey: UInt32 = 0
        if second & 0x80 != 0 {
            guard available >= length &+ 4 else { return nil }
            maskingKey = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: length, as: UInt32.self))
            length &+= 4
        }
        return FrameHeader(
            opcode: opcode,
            isFinal: first & 0x80 != 0,
            isCompressed: first & 0x40 != 0,
            payloadLength: payloadLength,
            maskingKey: maskingKey,
            length: length
        )
    }

    @inline(__always)
    private static func opcode(
        _ first: UInt8,
        _ second: UInt8,
        _ rules: Rules
    ) throws(ProtocolViolation) -> Opcode {
        let reserved = first & 0x70 & ~rules.negotiatedBits
        guard reserved == 0 else { throw .reservedBits(reserved &>> 4) }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .unknownOpcode(first & 0x0F) }
        let isMasked = second & 0x80 != 0
        guard isMasked == (rules.endpoint == .server) else {
            throw isMasked ? .maskedServerFrame : .unmaskedClientFrame
        }
        guard opcode.isControl else {
            // RFC 7692, section 6: RSV1 belongs to a message's first frame.
            guard opcode != .continuation || first & 0x40 == 0 else { throw .reservedBits(4) }
            return opcode
        }
        // An extension may only give its bit a meaning on data frames.
        guard first & 0x70 == 0 else { throw .reservedBits((first & 0x70) &>> 4) }
        guard first & 0x80 != 0 else { throw .fragmentedControlFrame }
        guard second & 0x7F <= 125 else { throw .controlFrameTooLong }
        return opcode
    }

    /// How many bytes of the header, or of a control frame, are needed at least, judged by those that are there.
    static func lengthNeeded(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard bytes.count >= 2 else { return 2 }
        var needed = bytes[1] & 0x80 != 0 ? 6 : 2
        switch bytes[1] & 0x7F {
        case 126: needed += 2
        case 127: needed += 8
        case let length where bytes[0] & 0x08 != 0: needed += Int(length)
        default: break
        }
        return needed
    }
}
