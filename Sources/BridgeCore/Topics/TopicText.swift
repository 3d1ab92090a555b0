/// The rules for bytes in topics (MQTT 5, sections 1.5.4 and 4.7) that all of this folder shares.
package enum TopicText {
    /// A topic's length is two bytes on the wire.
    package static let maximumLength = 65_535
    /// mosquitto ends the connection over a topic of more.
    static let maximumLevels = 200

    /// Whether the bytes may be part of a level that we publish to: valid UTF-8 without `+ # /` and what `isForbidden`.
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
            if isForbidden(scalar) { return false }
            index += length
        }
        return true
    }

    /// Control characters (U+0000-001F, U+007F-009F) and what Unicode reserves (U+FDD0-FDEF, U+FFFE, U+FFFF and their
    /// like in each plane): libmosquitto and its broker take them for malformed (MQTT 5, section 1.5.4).
    package static func isForbidden(_ scalar: UInt32) -> Bool {
        scalar < 0x20 || (0x7F..<0xA0).contains(scalar) || (0xFDD0...0xFDEF).contains(scalar)
            || scalar & 0xFFFE == 0xFFFE
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
