/// Appends what a message holds to its topic, refusing what would change the topic's form.
enum TopicValue {
    /// The value at a path in the payload.
    static func append(
        _ path: JSONPath,
        of payload: UnsafeRawBufferPointer,
        to output: inout [UInt8]
    ) -> DropReason? {
        guard case .found(let value) = JSONScanner.find(path, in: payload) else { return .topicFieldMissing }
        let text = value.text(in: payload)
        switch value.kind {
        case .string, .number, .true, .false:
            guard text.count <= TopicText.maximumLength, TopicText.isLevelText(text) else { return .topicInvalid }
            output.append(contentsOf: text)
            return nil
        case .escapedString:
            let start = output.count
            var decoder = JSONStringDecoder(text)
            while let byte = decoder.next() {
                guard output.count - start < TopicText.maximumLength else { return .topicInvalid }
                output.append(byte)
            }
            let isLevelText = output.withUnsafeBytes { bytes in
                TopicText.isLevelText(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            return isLevelText && !decoder.isMalformed ? nil : .topicInvalid
        case .null: return .topicFieldMissing
        case .object, .array: return .topicInvalid
        }
    }

    /// The whole source topic, its levels kept.
    static func append(topic: UnsafeRawBufferPointer, to output: inout [UInt8]) -> DropReason? {
        guard !topic.isEmpty else { return .topicFieldMissing }
        guard topic.count <= TopicText.maximumLength else { return .topicInvalid }
        var count = 0
        var rest = topic[...]
        while true {
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            let level = UnsafeRawBufferPointer(rebasing: rest[..<end])
            count += 1
            guard !level.isEmpty, level[0] != UInt8(ascii: "$"), TopicText.isLevelText(level),
                count <= TopicText.maximumLevels
            else { return .topicInvalid }
            guard end < rest.endIndex else { break }
            rest = rest[(end + 1)...]
        }
        output.append(contentsOf: topic)
        return nil
    }

    /// One level of the source topic, counted from 0.
    static func append(
        level index: Int,
        ofTopic topic: UnsafeRawBufferPointer,
        to output: inout [UInt8]
    ) -> DropReason? {
        guard !topic.isEmpty else { return .topicFieldMissing }
        var rest = topic[...]
        for _ in 0..<index {
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return .topicFieldMissing }
            rest = rest[(slash + 1)...]
        }
        let level = UnsafeRawBufferPointer(rebasing: rest[..<(rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex)])
        guard TopicText.isLevelText(level) else { return .topicInvalid }
        output.append(contentsOf: level)
        return nil
    }
}
