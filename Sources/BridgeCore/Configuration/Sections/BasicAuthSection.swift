/// The keys of `basic_auth` (RFC 7617).
enum BasicAuthKeys {
    static let username = Key(
        "username",
        .secret(for: .basicUsername),
        default: "",
        "A text, or `{ file: PATH }`."
    )
    static let password = Key(
        "password",
        .secret(for: .header),
        default: "",
        "A text, or `{ file: PATH }`."
    )

    static let place = Place(
        id: "basic_auth",
        path: "connections.NAME.basic_auth",
        meaning: "Sent as `Authorization: Basic …`.",
        holdsSecrets: true,
        keys: [username.described, password.described]
    )
}

enum BasicAuthSection {
    static func read(_ reader: MappingReader) -> BasicAuthConfiguration? {
        for key in [BasicAuthKeys.username.name, BasicAuthKeys.password.name] where !reader.contains(key) {
            reader.error("\(reader.path) needs a \(key)")
        }
        // Both, so that both are checked.
        let (username, password) = (reader.read(BasicAuthKeys.username), reader.read(BasicAuthKeys.password))
        guard let username, let password else { return nil }
        return BasicAuthConfiguration(username: username, password: password)
    }
}

extension ValueType<BasicAuthConfiguration> {
    /// What stands there instead of a mapping isn't shown: people write `user:password`.
    static var basicAuth: Self {
        let mapping = Self.mapping(BasicAuthKeys.place, id: "basic_auth", read: BasicAuthSection.read)
        return ValueType(mapping.words, schema: mapping.schema) { node, field in
            if case .scalar(let scalar) = node.content, !scalar.isNull {
                field.error(
                    "\(field.name) must be a mapping: write \(field.name): { username: …, password: … }",
                    at: node.position
                )
                return nil
            }
            return mapping.read(node, field)
        }
    }
}
