extension ValueType<[CookieConfiguration]> {
    /// `cookies` of a connection: names to values, each value perhaps in a file (RFC 6265, section 4.1.1).
    static var cookies: Self {
        let words = "a mapping of cookie names to values, such as { session: { file: PATH } }"
        let secret = ValueType<Secret>.secret(check: CookieText.problem)
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
                guard HeaderName.isToken(entry.key) else {
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

/// What a cookie's value may hold (RFC 6265, section 4.1.1).
enum CookieText {
    /// What is wrong with it, without showing it.
    static func problem(with value: String) -> String? {
        var bytes = Array(value.utf8)[...]
        if bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
            bytes = bytes.dropFirst().dropLast()
        }
        guard bytes.allSatisfy(isCookieOctet) else {
            return
                "holds a space, a comma, a semicolon, a quote, a backslash or what is no ASCII letter, digit or sign: "
                + "a cookie's value can't; percent-encode it if the server expects that"
        }
        return nil
    }

    private static func isCookieOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x23...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E: true
        default: false
        }
    }
}
