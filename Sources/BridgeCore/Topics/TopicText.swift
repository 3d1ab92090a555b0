/// The rules for bytes in topics (MQTT 5, sections 1.5.4 and 4.7) that all of this folder shares.
enum TopicText {
    /// A topic's length is two bytes on the wire.
    static let maximumLength = 65_535
    /// mosquitto ends the connection over a topic of more.
    static let maximumLevels = 200

    /// Whether the bytes may be part of a level that we publish to: valid UTF-8 without `+ # /`, control characters
    /// (U+0000-001F, U+007F-009F), U+FFFE and U+FFFF.
    static func isLevelText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x80 {
                guard isPlain(byte) else { return false }
                index += 1
                continue
            }
            guard let (scalar, length) = scalar(in: bytes, at: index) else { return false }
            if scalar < 0xA0 || scalar == 0xFFFE || scalar == 0xFFFF { return false }
            index += length
        }
        return true
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "#")
            && byte != UInt8(ascii: "/")
    }

    /// The character beyond ASCII that begins at `index`, and its length (RFC 3629, section 4); `nil` where none does.
    private static func scalar(in bytes: UnsafeRawBufferPointer, at index: Int) -> (UInt32, length: Int)? {
        func continuation(_ offset: Int, _ allowed: ClosedRange<UInt8> = 0x80...0xBF) -> UInt32? {
            guard index + offset < bytes.count, allowed.contains(bytes[index + offset]) else { return nil }
            return UInt32(bytes[index + offset] & 0x3F)
        }
        let first = bytes[index]
        switch first {
        case 0xC2...0xDF:
            guard let second = continuation(1) else { return nil }
            return (UInt32(first & 0x1F) << 6 | second, 2)
        case 0xE0...0xEF:
            // Neither overlong nor a surrogate.
            let allowed: ClosedRange<UInt8> = first == 0xE0 ? 0xA0...0xBF : first == 0xED ? 0x80...0x9F : 0x80...0xBF
            guard let second = continuation(1, allowed), let third = continuation(2) else { return nil }
            return (UInt32(first & 0x0F) << 12 | second << 6 | third, 3)
        case 0xF0...0xF4:
            // Neither overlong nor beyond U+10FFFF.
            let allowed: ClosedRange<UInt8> = first == 0xF0 ? 0x90...0xBF : first == 0xF4 ? 0x80...0x8F : 0x80...0xBF
            guard let second = continuation(1, allowed), let third = continuation(2), let fourth = continuation(3)
            else { return nil }
            return (UInt32(first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
        default: return nil
        }
    }
}
