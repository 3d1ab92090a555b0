/// Walks the bytes that a JSON string stands for, given the text between its quotes, without a copy.
///
/// An escaped surrogate without its other half stands for nothing: the string is malformed.
struct JSONStringDecoder {
    private let text: UnsafeRawBufferPointer
    private var position = 0
    /// Bytes of an escaped character that are still to come, the next one lowest.
    ///
    /// None of them is ever 0.
    private var pending: UInt32 = 0
    /// Whether the walk ended early at an escape that stands for nothing.
    private(set) var isMalformed = false

    init(_ text: UnsafeRawBufferPointer) {
        self.text = text
    }

    /// The next byte; `nil` at the end.
    mutating func next() -> UInt8? {
        if pending != 0 {
            defer { pending >>= 8 }
            return UInt8(truncatingIfNeeded: pending)
        }
        guard position < text.count else { return nil }
        let byte = text[position]
        position += 1
        guard byte == UInt8(ascii: "\\") else { return byte }
        return escaped()
    }

    /// The whole string; `nil` where it is malformed.
    static func decode(_ text: ContiguousArray<UInt8>) -> ContiguousArray<UInt8>? {
        text.withUnsafeBytes { bytes in
            var decoder = JSONStringDecoder(bytes)
            var decoded: ContiguousArray<UInt8> = []
            while let byte = decoder.next() { decoded.append(byte) }
            return decoder.isMalformed ? nil : decoded
        }
    }

    private mutating func escaped() -> UInt8? {
        guard position < text.count else { return malformed() }
        let byte = text[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return byte
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"):
            guard let scalar = scalar() else { return malformed() }
            return encode(scalar)
        default: return malformed()
        }
    }

    /// What comes after `\u`: four digits, or a pair of surrogates.
    private mutating func scalar() -> UInt32? {
        guard let unit = fourDigits() else { return nil }
        switch unit {
        case 0xD800...0xDBFF:
            guard position + 1 < text.count, text[position] == UInt8(ascii: "\\"),
                text[position + 1] == UInt8(ascii: "u")
            else { return nil }
            position += 2
            guard let low = fourDigits(), (0xDC00...0xDFFF).contains(low) else { return nil }
            return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        case 0xDC00...0xDFFF: return nil
        default: return unit
        }
    }

    private mutating func fourDigits() -> UInt32? {
        guard position + 4 <= text.count else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Self.hexDigit(text[position]) else { return nil }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Returns the character's first byte in UTF-8 and keeps the others.
    private mutating func encode(_ scalar: UInt32) -> UInt8 {
        let last = 0x80 | scalar & 0x3F
        switch scalar {
        case ..<0x80:
            return UInt8(truncatingIfNeeded: scalar)
        case ..<0x800:
            pending = last
            return UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
        case ..<0x10000:
            pending = 0x80 | scalar >> 6 & 0x3F | last << 8
            return UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
        default:
            pending = 0x80 | scalar >> 12 & 0x3F | (0x80 | scalar >> 6 & 0x3F) << 8 | last << 16
            return UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
        }
    }

    private mutating func malformed() -> UInt8? {
        isMalformed = true
        position = text.count
        return nil
    }

    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
