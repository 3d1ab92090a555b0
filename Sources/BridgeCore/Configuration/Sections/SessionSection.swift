import WSClient

/// The keys of `connections.NAME.session` that stand beside every preset's own.
enum SessionKeys {
    static let presetName = "preset"
    static let preset = Key(
        presetName,
        .presetName,
        default: "none",
        "A protocol that needs no steps to be written: \(SessionPreset.all.map { "`\($0.name)`" }.joined(separator: ", "))."
    )
    static let variables = Key(
        "variables",
        .sessionVariables,
        default: "none",
        "Values for the texts, by name; each a text or `{ file: PATH }`, hidden in all that is shown."
    )
    static let steps = Key(
        "steps",
        .list(
            of: .mapping(SessionStepKeys.place, id: "session_step", read: SessionStepSection.read),
            example: "[ { send: hello, expect: welcome } ]",
            allowEmpty: false
        ),
        default: "none",
        "What is sent and awaited, in order; with a preset: after its own steps."
    )
    static let endOn = Key(
        "end_on",
        .innerMatch,
        default: "none",
        "A message like this, at any later time, means that the feed has ended: connect again. Routes see it too."
    )

    /// What each preset takes as well.
    static let common = [variables.described, steps.described, endOn.described]

    static let place = Place(
        id: "session",
        path: "connections.NAME.session",
        meaning: "What is said and awaited at each (re)connect before anything else is sent.",
        keys: [preset.described] + common
    )
}

/// What a session asks of its connection besides the script itself.
struct SessionReading: Sendable {
    var session = SessionConfiguration()
    var heartbeat: HeartbeatConfiguration?
    /// The path of the request where the address has none.
    var defaultPath: String?
}

enum SessionSection {
    /// A list of steps, or a mapping whose keys depend on the preset.
    static let type = ValueType<SessionReading>(
        "a list of steps, or a mapping",
        schema: [
            "anyOf": .array(
                [["type": "array", "items": .reference("session_step")], .reference("session")]
                    + SessionPreset.all.map { .reference($0.place.id) }
            )
        ]
    ) { node, field in
        switch node.content {
        case .sequence:
            guard let steps = SessionKeys.steps.type.read(node, field) else { return nil }
            return complete(SessionReading(), with: steps, field.context)
        case .mapping(let entries):
            return read(entries, field, node.position)
        case .unusable:
            return nil
        case .scalar:
            field.error(
                "session must be a list of steps such as '- send: hello', or a mapping such as { preset: okx, … }, "
                    + "found \(node.described)",
                at: node.position
            )
            return nil
        }
    }

    /// Reads `session` and `heartbeat`, and what they mean for the rest of the connection.
    static func apply(to connection: inout ConnectionConfiguration, _ reader: MappingReader) {
        reader.context.requestPath = connection.endpoint.path
        let reading = reader.read(ConnectionKeys.session)
        let own = reader.read(ConnectionKeys.heartbeat)
        connection.session = reading?.session
        connection.heartbeats = own?.over(reading?.heartbeat) ?? reading?.heartbeat.map { [$0] } ?? []
        if let own {
            let position = reader.valuePosition(ConnectionKeys.heartbeat.name)
            HeartbeatSection.check(own, over: reading?.heartbeat, at: position, reader.context)
        }
        for template in [own?.send, own?.with].compactMap({ $0 }) {
            ValueName.checkPlaces(
                of: template,
                known: reading?.session.names ?? [],
                ConnectionKeys.heartbeat.name,
                at: reader.valuePosition(ConnectionKeys.heartbeat.name),
                reader.context
            )
        }
        if reader.contains(ConnectionKeys.session.name), reader.contains(ConnectionKeys.onEstablished.name) {
            reader.error(
                "on_established can't stand beside session: write its messages as steps, '- send: …'",
                at: reader.keyPosition(ConnectionKeys.onEstablished.name)
            )
        }
        if let reading { apply(reading, to: &connection, reader) }
    }

    /// The path and the subprotocol that a protocol usually has.
    private static func apply(
        _ reading: SessionReading,
        to connection: inout ConnectionConfiguration,
        _ reader: MappingReader
    ) {
        if let usual = reading.defaultPath {
            let path = connection.endpoint.path
            if path == "/", !reader.contains(ConnectionKeys.path.name) {
                connection.endpoint = (try? connection.endpoint.withPath(usual)) ?? connection.endpoint
            } else if usual.contains("?"), !path.contains("?") {
                reader.context.warning(
                    "this protocol's path has a query, such as \(usual)",
                    at: reader.keyPosition(ConnectionKeys.session.name)
                )
            }
        }
        guard let subprotocol = reading.session.subprotocol else { return }
        if !connection.subprotocols.contains(subprotocol) { connection.subprotocols.insert(subprotocol, at: 0) }
    }

    private static func read(_ entries: [YAMLEntry], _ field: Field, _ position: Position) -> SessionReading? {
        var reading = SessionReading()
        let reader: MappingReader
        if let entry = entries.first(where: { $0.key == SessionKeys.presetName }) {
            let name = SessionKeys.preset.type.read(entry.value, field.inside(entry.key))
            guard let preset = SessionPreset.all.first(where: { $0.name == name }) else { return nil }
            reader = MappingReader(entries, of: preset.place, field: field, position: position)
            guard let own = preset.read(reader) else { return nil }
            reading = own
        } else {
            reader = MappingReader(entries, of: SessionKeys.place, field: field, position: position)
            if !reader.contains(SessionKeys.steps.name), !reader.contains(SessionKeys.endOn.name) {
                reader.error("session needs steps, or a preset")
            }
        }
        let variables = reader.read(SessionKeys.variables) ?? []
        for variable in variables where reading.session.names.contains(variable.name) {
            reader.error(
                "the preset has a value of its own called \(variable.name): give this one another name",
                at: reader.keyPosition(SessionKeys.variables.name)
            )
        }
        reading.session.variables += variables
        if let match = reader.read(SessionKeys.endOn) {
            reading.session.endings.insert(SessionEnding(match, .reconnect), at: 0)
        }
        return complete(reading, with: reader.read(SessionKeys.steps) ?? [], reader.context)
    }

    /// Adds the user's steps, each of which knows what was captured before it.
    private static func complete(
        _ reading: SessionReading,
        with steps: [PlacedStep],
        _ context: LoadingContext
    ) -> SessionReading {
        var reading = reading
        for placed in steps {
            if let send = placed.step.send {
                ValueName.checkPlaces(
                    of: send,
                    known: reading.session.names,
                    SessionStepKeys.send.name,
                    at: placed.sendPosition,
                    context
                )
            }
            reading.session.steps.append(placed.step)
        }
        return reading
    }
}

extension ValueType<String> {
    static var presetName: Self {
        let names = SessionPreset.all.map(\.name)
        let words = "one of \(names.joined(separator: ", "))"
        return ValueType(words, schema: ["type": "string"]) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            if names.contains(scalar.text) { return scalar.text }
            let guess = scalar.variables.isEmpty ? Suggestion.closest(to: scalar.text, among: names) : nil
            let hint = guess.map { "; did you mean '\($0)'?" } ?? ""
            field.error("\(field.name) must be \(words), found \(scalar.described)\(hint)", at: node.position)
            return nil
        }
    }
}
