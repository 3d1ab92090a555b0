import BridgeCore

/// What may be a UTF-8 string of MQTT (MQTT 5, section 1.5.4), checked before it becomes a C string: the library cuts
/// at NUL without a word.
enum MQTTText {
    /// Why `text` can't be sent as `name`; `nil` if it can.
    static func complaint(about text: String, as name: String) -> String? {
        if text.utf8.contains(0) { return "\(name) holds a NUL" }
        if text.utf8.count > TopicText.maximumLength { return "\(name) is longer than 65,535 bytes" }
        for scalar in text.unicodeScalars where TopicText.isForbidden(scalar.value) {
            return scalar.properties.generalCategory == .control
                ? "\(name) holds a control character" : "\(name) holds a code point that Unicode reserves"
        }
        return nil
    }
}
