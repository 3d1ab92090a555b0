/// What a source or sink is: the key that says so.
enum EndKind: String, Sendable, CaseIterable {
    case connection
    case mqtt
    case udp
    case fifo

    /// Which kind a mapping is, by its keys; reports none and several.
    static func kind(of entries: [YAMLEntry], _ field: Field, at position: Position) -> EndKind? {
        let found = entries.filter { EndKind(rawValue: $0.key) != nil }
        guard let first = found.first else {
            sayThatNoneIsThere(entries, field, at: position)
            return nil
        }
        for other in found.dropFirst() {
            field.error(
                "'\(field.name)' can't be \(first.key) and \(other.key) at once; several sinks stand in a list",
                at: other.keyPosition
            )
        }
        return found.count == 1 ? EndKind(rawValue: first.key) : nil
    }

    private static func sayThatNoneIsThere(_ entries: [YAMLEntry], _ field: Field, at position: Position) {
        for entry in entries {
            let word = Suggestion.normalized(entry.key)
            guard let advice = ForeignKeys.advice(for: word, in: "to.connection") else { continue }
            field.error("unknown key \(quoted(entry.key)) in \(field.path): \(advice)", at: entry.keyPosition)
            return
        }
        let names = allCases.map(\.rawValue).joined(separator: ", ")
        field.error(
            "'\(field.name)' needs one of the keys \(names), such as \(field.name): { mqtt: BROKER, topic: a/b }",
            at: position
        )
    }

    /// What to write instead of a text that is meant to be no connection's name.
    static func advice(for text: String) -> String? {
        switch text {
        case "mqtt": "{ mqtt: BROKER, topic: a/b }"
        case "udp": "{ udp: \"HOST:PORT\" }"
        case "fifo": "{ fifo: PATH }"
        case _ where text.hasPrefix("udp://"): "{ udp: \"HOST:PORT\" }"
        case _ where text.hasPrefix("/"): "{ fifo: PATH }"
        case _ where (try? SocketAddressText.parse(text)) != nil: "{ udp: \"HOST:PORT\" }"
        case _ where text.hasPrefix("mqtt"): "{ mqtt: BROKER, topic: a/b }, the broker named below mqtt:"
        case _ where text.contains("://"): "the name of a connection that stands below connections:"
        default: nil
        }
    }
}

extension SourceConfiguration {
    var kind: EndKind {
        switch self {
        case .connection: .connection
        case .mqtt: .mqtt
        case .udp: .udp
        case .fifo: .fifo
        }
    }
}
