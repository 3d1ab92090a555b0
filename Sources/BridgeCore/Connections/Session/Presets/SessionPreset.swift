/// A protocol whose session, heartbeats and envelope are known: a script that writes itself from a few keys.
struct SessionPreset: Sendable {
    var name: String
    /// The keys beside `preset`.
    var place: Place
    /// Reports what is wrong, and returns `nil` where no script comes of it.
    var read: @Sendable (MappingReader) -> SessionReading?

    /// - Parameters:
    ///   - name: what the configuration calls it.
    ///   - meaning: what it is for, in a sentence.
    ///   - keys: its own keys.
    ///   - read: makes the script of them.
    init(
        _ name: String,
        _ meaning: String,
        keys: [KeyDescription],
        read: @escaping @Sendable (MappingReader) -> SessionReading?
    ) {
        self.name = name
        self.read = read
        let preset = KeyDescription(
            name: SessionKeys.presetName,
            words: "`\(name)`",
            schema: ["const": .string(name)],
            defaultText: "",
            meaning: meaning
        )
        place = Place(
            id: "session_\(String(name.map { $0.isLetter ? $0 : "_" }))",
            path: "connections.NAME.session, preset: \(name)",
            meaning: meaning,
            keys: [preset] + keys + SessionKeys.common
        )
    }

    static let all: [SessionPreset] = [
        GraphQLTransportWS.preset, HomeAssistant.preset, SocketIO.preset, SignalR.preset, OKX.preset,
    ]
}

extension MatchConfiguration {
    /// A JSON value that is this text.
    static func json(_ path: String, equals text: String) -> MatchConfiguration {
        .json(path: path, .equals(.string(text)), caseSensitive: true)
    }

    /// A JSON value that is this number.
    static func json(_ path: String, equals number: Int) -> MatchConfiguration {
        .json(path: path, .equals(.number(JSONNumber(number))), caseSensitive: true)
    }

    /// A JSON value that is this boolean.
    static func json(_ path: String, is bool: Bool) -> MatchConfiguration {
        .json(path: path, .equals(.bool(bool)), caseSensitive: true)
    }

    static func json(_ path: String, exists: Bool) -> MatchConfiguration {
        .json(path: path, .exists(exists), caseSensitive: true)
    }
}

extension MessageTemplate {
    /// A JSON object whose members are values, each a string; and these values under the names it gives them.
    static func object(_ members: [SessionVariable], prefix: String) -> (MessageTemplate, [SessionVariable]) {
        var template = MessageTemplate.literal("{")
        var variables: [SessionVariable] = []
        for (index, member) in members.enumerated() {
            let name = "\(prefix)_\(index)"
            template = template + .literal("\(index == 0 ? "" : ",")\(JSONText.quoted(member.name)):") + .quoted(name)
            variables.append(SessionVariable(name, member.value, isSecret: member.isSecret))
        }
        return (template + .literal("}"), variables)
    }
}
