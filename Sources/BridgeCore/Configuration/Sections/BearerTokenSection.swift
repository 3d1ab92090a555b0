import WSClient

/// What `bearer_token` may be.
enum BearerToken: Sendable, Hashable {
    case secret(Secret)
    case command(TokenCommandConfiguration)
}

/// The keys of `bearer_token` where it is a mapping.
enum BearerTokenKeys {
    static let command = Key(
        "command",
        .commandLine,
        default: "none",
        "A program and its arguments, run without a shell at each connect; it writes the token, one line, to its standard output."
    )
    static let timeout = Key(
        "timeout",
        .duration(.milliseconds(10) ... .seconds(600)),
        default: .model(\TokenCommandConfiguration.timeout),
        "With `command`: how long it may run. Then it is killed, with all that it started."
    )

    static let place = Place(
        id: "bearer_token",
        path: "connections.NAME.bearer_token",
        meaning: "A token that stands in a file, or that a program gives.",
        holdsSecrets: true,
        keys: [SecretKeys.file.described, command.described, timeout.described]
    )
}

extension ValueType<BearerToken> {
    /// A text, a file or a command.
    static var bearerToken: Self {
        let secret = ValueType<Secret>.secret(for: .bearerToken)
        let words = "a text, { file: PATH } or { command: [ PROGRAM, ARGUMENT, … ] }"
        let schema: JSONLiteral = [
            "anyOf": [["type": ["string", "number", "boolean"]], .reference("bearer_token")]
        ]
        return ValueType(words, schema: schema) { node, field in
            guard case .mapping(let entries) = node.content,
                entries.contains(where: { $0.key == BearerTokenKeys.command.name })
            else { return secret.read(node, field).map { .secret($0) } }
            let reader = MappingReader(entries, of: BearerTokenKeys.place, field: field, position: node.position)
            if reader.contains(SecretKeys.file.name) {
                reader.error(
                    "\(field.name) has a file and a command: keep one of them",
                    at: reader.keyPosition(SecretKeys.file.name)
                )
            }
            guard let arguments = reader.read(BearerTokenKeys.command) else { return nil }
            field.context.note(
                PathUse(
                    role: .program,
                    key: "\(field.name).\(BearerTokenKeys.command.name)",
                    path: arguments[0],
                    position: reader.valuePosition(BearerTokenKeys.command.name)
                )
            )
            var command = TokenCommandConfiguration(arguments: arguments)
            reader.read(BearerTokenKeys.timeout, into: &command.timeout)
            return .command(command)
        }
    }
}

extension ValueType<[String]> {
    /// A program and its arguments.
    static var commandLine: Self {
        let argument = ValueType<String>("a text", schema: ["type": ["string", "number", "boolean"]]) { node, field in
            guard case .scalar(let scalar) = node.content else {
                if case .unusable = node.content { return nil }
                field.error("\(field.name): each item must be a text, found \(node.described)", at: node.position)
                return nil
            }
            if scalar.text.utf8.contains(0) {
                field.error("\(field.name): an argument can't hold NUL", at: node.position)
                return nil
            }
            return scalar.text
        }
        let list = ValueType.list(of: argument, example: "[ /usr/local/bin/get-token, --quiet ]", allowEmpty: false)
        return ValueType(list.words, schema: list.schema) { node, field in
            if case .scalar(let scalar) = node.content, !scalar.isNull {
                // What was found isn't shown: it may hold a secret.
                field.error(
                    "\(field.name) must be \(list.words), each argument by itself: no shell takes a line apart",
                    at: node.position
                )
                return nil
            }
            guard let arguments = list.read(node, field), let program = arguments.first else { return nil }
            guard !program.isEmpty else {
                field.error("\(field.name): the program's name is empty", at: node.position)
                return nil
            }
            warnOfSecrets(in: node, field)
            return arguments
        }
    }

    /// The program's own name may well hold the word "token".
    private static func warnOfSecrets(in list: YAMLNode, _ field: Field) {
        guard case .sequence(let items) = list.content else { return }
        for item in items.dropFirst() {
            guard case .scalar(let scalar) = item.content,
                scalar.variables.contains(where: { SecretName.matches($0) })
            else { continue }
            field.context.warning(
                "\(scalar.described) becomes an argument, which everyone on this machine can see: "
                    + "the command inherits the environment and can read it there",
                at: item.position
            )
        }
    }
}
