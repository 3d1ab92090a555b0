extension ValueType<Secret> {
    /// A text, or `{ file: PATH }`.
    ///
    /// No message shows any part of it.
    static func secret(for use: SecretUse = .text) -> Self {
        let words = "a text or { file: PATH }"
        let schema: JSONLiteral = ["anyOf": [["type": ["string", "number", "boolean"]], .reference("secret")]]
        return ValueType(words, schema: schema) { node, field in
            switch node.content {
            case .scalar(let scalar) where !scalar.isNull:
                return literal(scalar, node, field, use)
            case .mapping(let entries):
                return file(entries, node, field, words, use)
            case .unusable:
                return nil
            case .scalar, .sequence:
                let found = node.isNull ? "nothing" : "a list"
                field.error("\(field.name) must be \(words), found \(found)", at: node.position)
                return nil
            }
        }
    }

    private static func literal(
        _ scalar: YAMLScalar,
        _ node: YAMLNode,
        _ field: Field,
        _ use: SecretUse
    ) -> Secret? {
        let source = scalar.variables.isEmpty ? "" : ", in \(scalar.described)"
        if scalar.text.isEmpty {
            field.error("\(field.name) is empty\(source): give it a value, or delete the line", at: node.position)
            return nil
        }
        if let problem = use.problem(with: scalar.text) {
            field.error("\(field.name) \(problem)\(source)", at: node.position)
            return nil
        }
        field.context.noteSecret(scalar.text, field.name, of: scalar, at: node.position)
        return .literal(scalar.text)
    }

    /// Unknown keys are not shown: with a wrong indentation the secret itself may look like one.
    private static func file(
        _ entries: [YAMLEntry],
        _ node: YAMLNode,
        _ field: Field,
        _ words: String,
        _ use: SecretUse
    ) -> Secret? {
        guard entries.count == 1, let entry = entries.first, entry.key == SecretKeys.file.name else {
            field.error("\(field.name) must be \(words), found other keys", at: node.position)
            return nil
        }
        guard let path = SecretKeys.file.type.read(entry.value, field.inside(entry.key)) else { return nil }
        field.context.note(PathUse(role: .secret(use), key: field.name, path: path, position: entry.value.position))
        return .file(path)
    }
}

/// `{ file: PATH }` in the place of a secret.
enum SecretKeys {
    static let file = Key(
        "file",
        .path,
        default: "",
        "The file that holds the secret. It is read again at each connect."
    )

    static let place = Place(
        id: "secret",
        path: "any secret",
        meaning: "A secret that stands in a file of its own.",
        keys: [file.described]
    )
}

extension ValueType<String> {
    /// A path of a file, a socket or a FIFO.
    static var path: Self { path { _ in nil } }

    /// The same of a FIFO, which has a name in a folder.
    static var fifoPath: Self {
        path { path in
            FIFOPlace(path) == nil ? "this names a folder: write a FIFO in it, such as /run/wsbridge/feed.fifo" : nil
        }
    }

    private static func path(check: @escaping @Sendable (String) -> String?) -> Self {
        text("a text that is a path") { path in
            if path.isEmpty { return "the path is empty" }
            if path.utf8.contains(0) { return "a path can't hold NUL" }
            if path.utf8.count > 4095 { return "the path is longer than 4095 bytes" }
            if path.hasPrefix("~") { return "'~' isn't expanded: write the whole path, or ${HOME}" }
            return check(path)
        }
    }
}
