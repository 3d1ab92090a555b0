/// What may be a UTF-8 string of MQTT (MQTT 5, section 1.5.4), checked before it becomes a C string: the library cuts
/// at NUL without a word.
enum MQTTText {
    static let longest = 65_535

    /// Why `text` can't be sent as `name`; `nil` if it can.
    static func complaint(about text: String, as name: String) -> String? {
        if text.utf8.contains(0) { return "\(name) holds a NUL" }
        if text.utf8.count > longest { return "\(name) is longer than 65,535 bytes" }
        for scalar in text.unicodeScalars {
            let value = scalar.value
            if value < 0x20 || (0x7F...0x9F).contains(value) { return "\(name) holds a control character" }
            if value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(value) {
                return "\(name) holds a code point that Unicode reserves"
            }
        }
        return nil
    }

    /// Whether a received topic is one (section 4.7): not empty, no wildcard.
    ///
    /// The library has checked its UTF-8.
    static func isTopicName(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !bytes.isEmpty, bytes.count <= longest else { return false }
        for byte in bytes where byte == 0 || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") { return false }
        return true
    }
}
