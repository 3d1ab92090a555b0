import TLS

/// Reads the text of a topic template into its parts.
struct TopicTemplateParser {
    private let text: ContiguousArray<UInt8>
    private var position = 0
    private var parts: [TopicTemplate.Part] = []
    private var slashes = 0
    private var literal: ContiguousArray<UInt8> = []

    init(_ text: String) {
        self.text = ContiguousArray(text.utf8)
    }

    mutating func parse() throws(TopicTemplateError) -> [TopicTemplate.Part] {
        guard !text.isEmpty else { throw fault("the topic is empty", at: 0) }
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "{") where next == UInt8(ascii: "{"), UInt8(ascii: "}") where next == UInt8(ascii: "}"):
                literal.append(text[position])
                position += 2
            case UInt8(ascii: "{"):
                try endLiteral()
                try readPlace()
            case UInt8(ascii: "}"):
                throw fault("there is no { for this }: a literal brace is written }}", at: position)
            default:
                literal.append(text[position])
                position += 1
            }
        }
        try endLiteral()
        guard slashes < TopicText.maximumLevels else {
            throw fault("the topic has more than \(TopicText.maximumLevels) levels", at: 0)
        }
        return parts
    }

    private var next: UInt8? { position + 1 < text.count ? text[position + 1] : nil }

    private mutating func endLiteral() throws(TopicTemplateError) {
        guard !literal.isEmpty else { return }
        let text = String(decoding: literal, as: UTF8.self)
        if let reason = TopicName.fault(in: text) { throw fault(reason, at: position) }
        parts.append(.literal(text))
        slashes += literal.count { $0 == UInt8(ascii: "/") }
        literal.removeAll()
    }

    /// Reads from an opening brace to after the closing one.
    private mutating func readPlace() throws(TopicTemplateError) {
        let start = position
        // No wildcard stands for such a level (MQTT 5, section 4.7.2), so that no filter would tell its topics.
        guard text.first != UInt8(ascii: "$") || slashes > 0 else {
            throw fault("a topic that begins with $ is the broker's own: write its first level out", at: start)
        }
        position += 1
        if position < text.count, text[position] == UInt8(ascii: "$") {
            var parser = JSONPathParser(text, from: position)
            do {
                parts.append(.json(try parser.parse(endingAt: UInt8(ascii: "}"))))
            } catch {
                throw TopicTemplateError(offset: error.offset, reason: error.reason)
            }
            position = parser.position
            guard position < text.count else { throw unclosed(start) }
            position += 1
            return
        }
        guard let end = text[position...].firstIndex(of: UInt8(ascii: "}")) else { throw unclosed(start) }
        let name = String(decoding: text[position..<end], as: UTF8.self)
        switch name {
        case "connection": parts.append(.connection)
        case "instance": parts.append(.instance)
        case "route": parts.append(.route)
        case "topic": parts.append(.topic)
        default: parts.append(.topicLevel(try topicLevel(name)))
        }
        position = end + 1
    }

    private func topicLevel(_ name: String) throws(TopicTemplateError) -> Int {
        if name.hasPrefix("topic["), name.hasSuffix("]") {
            guard let level = Int(name.dropFirst(6).dropLast()), (0..<TopicText.maximumLevels).contains(level) else {
                throw fault(
                    "levels are counted from {topic[0]} to {topic[\(TopicText.maximumLevels - 1)]}",
                    at: position
                )
            }
            return level
        }
        throw fault(
            "nothing is called {\(readable(name, limit: 80))}: write {$.path}, {connection}, {instance}, {route}, {topic} or {topic[0]}, "
                + "and {{ for a literal brace",
            at: position
        )
    }

    private func unclosed(_ start: Int) -> TopicTemplateError {
        fault("the closing } is missing; a literal brace is written {{", at: start)
    }

    private func fault(_ reason: String, at position: Int) -> TopicTemplateError {
        // Continuation bytes don't begin a character.
        TopicTemplateError(offset: text[..<position].count { $0 & 0xC0 != 0x80 }, reason: reason)
    }
}
