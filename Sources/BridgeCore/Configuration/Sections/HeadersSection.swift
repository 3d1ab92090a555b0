import WSClient

extension ValueType<[HeaderConfiguration]> {
    /// `headers` of a connection: names to values, each value perhaps a secret (S6).
    static var headers: Self {
        let words = "a mapping of header names to values, such as { X-Site: \"12\" }"
        let schema: JSONLiteral = [
            "type": ["object", "null"], "additionalProperties": ValueType<Secret>.secret().schema,
        ]
        return ValueType(words, schema: schema, write: { $0.isEmpty ? "{}" : "\($0)" }) { node, field in
            guard case .mapping(let entries) = node.content else {
                if node.isNull { return [] }
                if case .unusable = node.content { return nil }
                // What was found isn't shown: it may be a whole header.
                field.error("\(field.name) must be \(words)", at: node.position)
                return nil
            }
            var headers: [HeaderConfiguration] = []
            for entry in entries {
                if let problem = HeaderName.problem(with: entry.key) {
                    field.error("\(field.name): \(problem)", at: entry.keyPosition)
                    continue
                }
                if let first = headers.first(where: { $0.name.lowercased() == entry.key.lowercased() }) {
                    field.error(
                        "\(entry.key) and \(first.name) are the same header: delete one of them",
                        at: entry.keyPosition
                    )
                }
                if let value = value(of: entry, field.inside(entry.key)) {
                    headers.append(HeaderConfiguration(name: entry.key, value: value))
                }
            }
            return headers
        }
    }

    /// An empty value is fine, and what isn't secret by its name may be read by anyone.
    private static func value(of entry: YAMLEntry, _ field: Field) -> Secret? {
        if case .scalar(let scalar) = entry.value.content, !scalar.isNull {
            if let problem = SecretUse.header.problem(with: scalar.text) {
                field.error("\(entry.key) \(problem)", at: entry.value.position)
                return nil
            }
            if SecretName.matches(entry.key), !scalar.text.isEmpty {
                field.context.noteSecret(scalar.text, entry.key, of: scalar, at: entry.value.position)
            }
            return .literal(scalar.text)
        }
        return ValueType<Secret>.secret(for: .header).read(entry.value, field)
    }
}

/// What a header may be called.
///
/// A name that is no token isn't shown: it may be a whole header.
enum HeaderName {
    /// The name's fault by the handshake's own rule, and what to write instead.
    static func problem(with name: String) -> String? {
        do throws(WebSocketHeaderError) {
            try WebSocketHeaderError.check(name: name, value: "")
            return nil
        } catch .reserved {
            return switch name.lowercased() {
            case "sec-websocket-protocol": "\(name) is written by the gateway: use subprotocols"
            case "sec-websocket-extensions": "\(name) is written by the gateway: use compression"
            case "host": "\(name) is written by the gateway from the url"
            default: "\(name) belongs to the handshake, and is written by the gateway: delete it"
            }
        } catch {
            return
                "a header's name holds letters, digits and !#$%&'*+-.^_`|~ only; write name and value with ': ' between"
        }
    }
}

extension ValueType<[String]> {
    /// `subprotocols` of a connection (RFC 6455, section 4.1): tokens, each once.
    static var subprotocols: Self {
        let token = ValueType<String>.text("a text such as feed.v1") { text in
            WebSocketHeaderError.isToken(text) ? nil : "a subprotocol holds letters, digits and !#$%&'*+-.^_`|~ only"
        }
        return ValueType.list(of: token, example: "[ feed.v1 ]").map { names, node, field in
            guard Set(names).count == names.count else {
                field.error("\(field.name) lists a subprotocol twice", at: node.position)
                return nil
            }
            return names
        }
    }
}

extension ValueType<String> {
    /// A text message.
    ///
    /// People forget the quotes around JSON, which YAML then takes for a mapping.
    static var message: Self {
        ValueType("a text", schema: ["type": "string"]) { node, field in
            switch node.content {
            case .scalar(let scalar) where !scalar.isNull:
                return scalar.text
            case .mapping, .sequence:
                field.error(
                    "\(field.name) is a list of texts: put single quotes around JSON, as in - '{\"op\":\"subscribe\"}'",
                    at: node.position
                )
                return nil
            case .scalar:
                field.error("\(field.name): a message is missing here; '' is the empty one", at: node.position)
                return nil
            case .unusable:
                return nil
            }
        }
    }
}
