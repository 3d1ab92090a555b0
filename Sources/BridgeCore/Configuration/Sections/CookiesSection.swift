import WSClient

extension ValueType<[CookieConfiguration]> {
    /// `cookies` of a connection: names to values, each value perhaps in a file (RFC 6265, section 4.1.1).
    static var cookies: Self {
        let words = "a mapping of cookie names to values, such as { session: { file: PATH } }"
        let secret = ValueType<Secret>.secret(for: .cookie)
        let schema: JSONLiteral = ["type": ["object", "null"], "additionalProperties": secret.schema]
        return ValueType(words, schema: schema, write: { $0.isEmpty ? "{}" : "\($0)" }) { node, field in
            guard case .mapping(let entries) = node.content else {
                if node.isNull { return [] }
                if case .unusable = node.content { return nil }
                // What was found isn't shown: it may be a whole header.
                field.error("\(field.name) must be \(words)", at: node.position)
                return nil
            }
            return entries.compactMap { entry in
                guard WebSocketHeaderError.isToken(entry.key) else {
                    field.error(
                        "\(field.name): a cookie's name holds letters, digits and !#$%&'*+-.^_`|~ only; "
                            + "write name and value with ': ' between",
                        at: entry.keyPosition
                    )
                    return nil
                }
                return secret.read(entry.value, field.inside(entry.key))
                    .map { CookieConfiguration(name: entry.key, value: $0) }
            }
        }
    }
}
