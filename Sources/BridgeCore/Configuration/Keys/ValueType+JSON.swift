/// A member of a JSON object that is a text.
struct TextMember: Sendable, Hashable {
    var name: String
    var text: String
}

extension ValueType<[TextMember]> {
    /// A mapping of plain names to texts.
    static var textMembers: Self {
        let words = "a mapping of names to texts"
        let schema: JSONLiteral = [
            "type": "object", "additionalProperties": ["type": ["string", "number", "boolean"]],
        ]
        return ValueType(words, schema: schema) { node, field in
            guard case .mapping(let entries) = node.content, !entries.isEmpty else {
                if case .unusable = node.content { return nil }
                field.error("\(field.name) must be \(words), found \(node.described)", at: node.position)
                return nil
            }
            return entries.compactMap { entry in
                guard ValueName.check(entry, field),
                    let text = ValueType<String>.text().read(entry.value, field.inside(entry.key))
                else { return nil }
                return TextMember(name: entry.key, text: text)
            }
        }
    }
}

extension ValueType<String> {
    /// Any value, as JSON text.
    ///
    /// Without quotes `7`, `true` and `null` are what JSON calls so; in quotes they are texts.
    static var json: Self {
        ValueType("any value", schema: [:]) { node, _ in node.json }
    }
}

extension YAMLNode {
    /// `nil` where something in it is unusable, which has been said.
    fileprivate var json: String? {
        switch content {
        case .scalar(let scalar):
            guard scalar.isPlain else { return JSONText.quoted(scalar.text) }
            if scalar.isNull { return "null" }
            if let bool = scalar.bool { return "\(bool)" }
            return isJSONNumber(scalar.text) ? scalar.text : JSONText.quoted(scalar.text)
        case .sequence(let items):
            let texts = items.compactMap(\.json)
            return texts.count == items.count ? "[" + texts.joined(separator: ",") + "]" : nil
        case .mapping(let entries):
            let members = entries.compactMap { entry in entry.value.json.map { (name: entry.key, json: $0) } }
            return members.count == entries.count ? JSONText.object(members) : nil
        case .unusable:
            return nil
        }
    }

    private func isJSONNumber(_ text: String) -> Bool {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first) else { return false }
        return Array(text.utf8).withUnsafeBytes { JSONScanner.isValid($0) }
    }
}
