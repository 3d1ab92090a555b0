/// The keys of one step of `connections.NAME.session.steps`.
enum SessionStepKeys {
    static let send = Key(
        "send",
        .messageTemplate,
        default: "none",
        "A text message. `{name}` is replaced by a variable or a captured value; `{{name}}` is the text `{name}`."
    )
    static let expect = Key(
        "expect",
        .innerMatch,
        default: .model(\SessionStep.expect),
        "Wait for a message like this: any match. With `send`, it is sent first."
    )
    static let failOn = Key(
        "fail_on",
        .innerMatch,
        default: .model(\SessionStep.failOn),
        "A message like this ends the step at once: the server's no."
    )
    static let capture = Key(
        "capture",
        .captures,
        default: "none",
        "Names for values of the expected message, by JSON path, to be used in later texts."
    )
    static let timeout = Key(
        "timeout",
        .duration(.milliseconds(10) ... .seconds(3600)),
        default: .model(\SessionStep.timeout),
        "How long the expected message may take."
    )
    static let onFailure = Key(
        "on_failure",
        ValueType<SessionFailure>.choice,
        default: .model(\SessionStep.onFailure, absent: "reconnect after a timeout, fault after `fail_on`"),
        "What follows when the step fails: the usual backoff, or a fault that is tried again rarely."
    )
    static let forward = Key(
        "forward",
        .boolean,
        default: .model(\SessionStep.forward),
        "Whether routes see the message that the step took in."
    )

    static let place = Place(
        id: "session_step",
        path: "connections.NAME.session.steps[]",
        meaning: "Something to send, something to wait for, or both: then it is sent first.",
        keys: [
            send.described, expect.described, failOn.described, capture.described, timeout.described,
            onFailure.described, forward.described,
        ]
    )
}

/// A step with the places of what is checked later.
struct PlacedStep: Sendable {
    var step: SessionStep
    var sendPosition: Position
}

enum SessionStepSection {
    static func read(_ reader: MappingReader) -> PlacedStep? {
        var step = SessionStep()
        step.send = reader.read(SessionStepKeys.send).map { MessageTemplate($0) }
        reader.read(SessionStepKeys.expect, into: &step.expect)
        reader.read(SessionStepKeys.failOn, into: &step.failOn)
        reader.read(SessionStepKeys.capture, into: &step.captures)
        reader.read(SessionStepKeys.timeout, into: &step.timeout)
        reader.read(SessionStepKeys.onFailure, into: &step.onFailure)
        reader.read(SessionStepKeys.forward, into: &step.forward)
        check(reader)
        return PlacedStep(step: step, sendPosition: reader.valuePosition(SessionStepKeys.send.name))
    }

    private static func check(_ reader: MappingReader) {
        guard !reader.contains(SessionStepKeys.expect.name) else { return }
        if !reader.contains(SessionStepKeys.send.name) {
            reader.error("a step needs send, expect, or both")
        }
        let others = [
            SessionStepKeys.capture.name, SessionStepKeys.failOn.name, SessionStepKeys.timeout.name,
            SessionStepKeys.onFailure.name, SessionStepKeys.forward.name,
        ]
        for name in others where reader.contains(name) {
            reader.error(
                "\(name) needs expect beside it: it is about the expected message",
                at: reader.keyPosition(name)
            )
        }
    }
}

extension ValueType<[SessionCapture]> {
    /// Names to JSON paths.
    static var captures: Self {
        let words = "a mapping of names to JSON paths, such as { sid: $.sid }"
        let schema: JSONLiteral = ["type": "object", "additionalProperties": ["type": "string"]]
        let path = ValueType<String>.text("a JSON path such as $.sid", check: PatternSyntax.problem(withJSONPath:))
        return ValueType(words, schema: schema) { node, field in
            guard case .mapping(let entries) = node.content else {
                if case .unusable = node.content { return nil }
                field.error("\(field.name) must be \(words), found \(node.described)", at: node.position)
                return nil
            }
            return entries.compactMap { entry in
                guard ValueName.check(entry, field), let path = path.read(entry.value, field.inside(entry.key)) else {
                    return nil
                }
                return SessionCapture(entry.key, path)
            }
        }
    }
}

extension ValueType<[SessionVariable]> {
    /// Names of places in message templates to secrets.
    static var sessionVariables: Self { secrets("{ token: { file: PATH } }", check: ValueName.check) }

    /// Any names to secrets: the members of a JSON object.
    static var secretMembers: Self { secrets("{ Authorization: { file: PATH } }") { _, _ in true } }

    private static func secrets(
        _ example: String,
        check: @escaping @Sendable (YAMLEntry, Field) -> Bool
    ) -> Self {
        let words = "a mapping of names to values, such as \(example)"
        let secret = ValueType<Secret>.secret()
        let schema: JSONLiteral = ["type": "object", "additionalProperties": secret.schema]
        return ValueType(words, schema: schema) { node, field in
            guard case .mapping(let entries) = node.content else {
                if case .unusable = node.content { return nil }
                // What was found isn't shown: it may be a secret.
                field.error("\(field.name) must be \(words)", at: node.position)
                return nil
            }
            return entries.compactMap { entry in
                guard check(entry, field) else { return nil }
                // A name whose value is wrong is known all the same: that is said once.
                return SessionVariable(entry.key, secret.read(entry.value, field.inside(entry.key)) ?? .literal(""))
            }
        }
    }
}

/// The names of values in message templates.
enum ValueName {
    static func check(_ entry: YAMLEntry, _ field: Field) -> Bool {
        guard MessageTemplate.isName(entry.key) else {
            field.error(
                "\(field.name): a name holds letters, digits and _, and begins with none of the digits",
                at: entry.keyPosition
            )
            return false
        }
        return true
    }

    /// Reports the places of a template for which there is no value.
    static func checkPlaces(
        of template: MessageTemplate,
        known: Set<String>,
        _ what: String,
        at position: Position,
        _ context: LoadingContext
    ) {
        for name in template.names where !known.contains(name) {
            let hint =
                known.isEmpty
                ? "no step before it captures anything, and there are no variables"
                : "known here: \(known.sorted().joined(separator: ", "))"
            context.error(
                "\(what) names {\(name)}, which has no value (\(hint)); the text {\(name)} is written {{\(name)}}",
                at: position
            )
        }
    }
}
