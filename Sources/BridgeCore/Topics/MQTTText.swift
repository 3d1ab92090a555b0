/// The rule for a UTF-8 string of MQTT (MQTT 5, section 1.5.4): for the configuration, and before such a text becomes a C
/// string, which the library cuts at NUL without a word.
package enum MQTTText {
    /// A text's fault; `nil` if there is none.
    package static func problem(with text: String) -> String? {
        if text.utf8.contains(0) { return "holds a NUL" }
        if text.utf8.count > TopicText.maximumLength { return "is longer than 65,535 bytes" }
        for scalar in text.unicodeScalars where TopicText.isForbidden(scalar.value) {
            return scalar.properties.generalCategory == .control
                ? "holds a control character" : "holds a code point that Unicode reserves"
        }
        return nil
    }
}
