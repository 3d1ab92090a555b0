import WSClient

/// What makes a topic name: a topic that is published to, without wildcards.
package enum TopicName {
    /// Whether a received topic is one (MQTT 5, section 4.7.3): 1 to 65,535 bytes of UTF-8 without `+`, `#` and NUL.
    package static func isValid(_ topic: UnsafeRawBufferPointer) -> Bool {
        guard !topic.isEmpty, topic.count <= TopicText.maximumLength, UTF8Validator.isValid(topic) else { return false }
        for byte in topic where byte == 0 || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") { return false }
        return true
    }

    /// What is wrong with a topic in the configuration, and what to write; `nil` = nothing.
    ///
    /// Stricter than what may be received: control characters, which the standard advises against, are refused.
    package static func fault(in topic: String) -> String? {
        if topic.isEmpty { return "the topic is empty" }
        if topic.utf8.count > TopicText.maximumLength {
            return "the topic is longer than \(TopicText.maximumLength) bytes"
        }
        if topic.utf8.count(where: { $0 == UInt8(ascii: "/") }) >= TopicText.maximumLevels {
            return "the topic has more than \(TopicText.maximumLevels) levels"
        }
        for scalar in topic.unicodeScalars {
            switch scalar {
            case "+", "#": return "a topic that is published to can't hold the wildcard \(scalar)"
            case _ where TopicText.isForbidden(scalar.value):
                let code = "U+\(String(scalar.value, radix: 16, uppercase: true))"
                return "the topic holds a control character or one that Unicode reserves (\(code))"
            default: continue
            }
        }
        return nil
    }
}
