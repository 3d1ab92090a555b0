/// A frame put together by hand, right or wrong, independently of the encoder.
struct RawFrame {
    /// How the length is written.
    enum LengthForm {
        case shortest, sixteenBits, sixtyFourBits
    }

    var first: UInt8
    var payload: [UInt8]
    var key: [UInt8]?
    var lengthForm = LengthForm.shortest
    /// The length to write, where it isn't the payload's.
    var declared: UInt64?

    init(
        _ opcode: UInt8,
        _ payload: [UInt8] = [],
        final: Bool = true,
        reserved: UInt8 = 0,
        key: [UInt8]? = nil,
        lengthForm: LengthForm = .shortest,
        declared: UInt64? = nil
    ) {
        self.first = (final ? 0x80 : 0) | reserved << 4 | opcode
        self.payload = payload
        self.key = key
        self.lengthForm = lengthForm
        self.declared = declared
    }

    static func text(_ text: String, final: Bool = true) -> RawFrame { RawFrame(1, Array(text.utf8), final: final) }
    static func binary(_ bytes: [UInt8], final: Bool = true) -> RawFrame { RawFrame(2, bytes, final: final) }
    static func continuation(_ bytes: [UInt8], final: Bool = true) -> RawFrame { RawFrame(0, bytes, final: final) }
    static func ping(_ bytes: [UInt8] = []) -> RawFrame { RawFrame(9, bytes) }
    static func pong(_ bytes: [UInt8] = []) -> RawFrame { RawFrame(10, bytes) }
    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> RawFrame {
        RawFrame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }

    var bytes: [UInt8] {
        let length = declared ?? UInt64(payload.count)
        let maskBit: UInt8 = key == nil ? 0 : 0x80
        var bytes = [first]
        switch lengthForm {
        case .shortest where length <= 125:
            bytes.append(maskBit | UInt8(length))
        case .shortest where length <= 0xFFFF, .sixteenBits:
            bytes.append(maskBit | 126)
            bytes += [UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)]
        case .shortest, .sixtyFourBits:
            bytes.append(maskBit | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * UInt64($0))) }
        }
        if let key {
            bytes += key
            bytes += payload.enumerated().map { $1 ^ key[$0 & 3] }
        } else {
            bytes += payload
        }
        return bytes
    }
}

extension [RawFrame] {
    var bytes: [UInt8] { flatMap(\.bytes) }
}
