/// The keys of `connections.NAME.heartbeat`.
enum HeartbeatKeys {
    static let send = Key("send", .messageTemplate, default: "none", "A text message that is sent again and again.")
    static let every = Key(
        "every",
        .duration(.milliseconds(10) ... .seconds(86_400)),
        default: .model(\HeartbeatConfiguration.every),
        "How often `send` goes out; the first time so long after the establishment."
    )
    static let expect = Key(
        "expect",
        .innerMatch,
        default: .model(\HeartbeatConfiguration.expect),
        "What answers `send`: any match. Without it nothing is awaited."
    )
    static let timeout = Key(
        "timeout",
        .duration(.milliseconds(10) ... .seconds(86_400)),
        default: .model(\HeartbeatConfiguration.timeout),
        "No answer for so long after `send`: connect again."
    )
    static let answer = Key(
        "answer",
        .innerMatch,
        default: .model(\HeartbeatConfiguration.answer),
        "The server's own heartbeat: any match. It is answered by `with`."
    )
    static let with = Key("with", .messageTemplate, default: "none", "The text that answers the server's heartbeat.")
    static let within = Key(
        "within",
        .durationOrNone(.milliseconds(10) ... .seconds(86_400)),
        default: .model(\HeartbeatConfiguration.within),
        "No heartbeat of the server and no other message for so long: connect again."
    )
    static let forward = Key(
        "forward",
        .boolean,
        default: .model(\HeartbeatConfiguration.forward),
        "Whether routes see the server's heartbeats and answers."
    )

    static let place = Place(
        id: "heartbeat",
        path: "connections.NAME.heartbeat",
        meaning: "Messages that only say that both ends are alive.",
        keys: [
            send.described, every.described, expect.described, timeout.described, answer.described, with.described,
            within.described, forward.described,
        ]
    )
}

enum HeartbeatSection {
    static func read(_ reader: MappingReader) -> HeartbeatConfiguration? {
        var heartbeat = HeartbeatConfiguration()
        heartbeat.send = reader.read(HeartbeatKeys.send).map { MessageTemplate($0) }
        reader.read(HeartbeatKeys.every, into: &heartbeat.every)
        reader.read(HeartbeatKeys.expect, into: &heartbeat.expect)
        reader.read(HeartbeatKeys.timeout, into: &heartbeat.timeout)
        reader.read(HeartbeatKeys.answer, into: &heartbeat.answer)
        heartbeat.with = reader.read(HeartbeatKeys.with).map { MessageTemplate($0) }
        if let within = reader.read(HeartbeatKeys.within) { heartbeat.within = within }
        reader.read(HeartbeatKeys.forward, into: &heartbeat.forward)

        needs(HeartbeatKeys.send.name, for: [HeartbeatKeys.every.name, HeartbeatKeys.expect.name], reader)
        needs(HeartbeatKeys.expect.name, for: [HeartbeatKeys.timeout.name], reader)
        needs(HeartbeatKeys.answer.name, for: [HeartbeatKeys.with.name], reader)
        if ![HeartbeatKeys.send.name, HeartbeatKeys.answer.name, HeartbeatKeys.within.name].contains(
            where: reader.contains
        ) {
            reader.error("heartbeat needs a text to send, or an answer to the server's heartbeat, or within")
        }
        return heartbeat
    }

    private static func needs(_ needed: String, for names: [String], _ reader: MappingReader) {
        for name in names where reader.contains(name) && !reader.contains(needed) {
            reader.error("\(name) needs \(needed) beside it", at: reader.keyPosition(name))
        }
    }
}

extension ValueType<String> {
    /// A text message with places for values.
    ///
    /// People forget the quotes around JSON, which YAML then takes for a mapping.
    static var messageTemplate: Self {
        let words = "a text such as '{\"op\":\"ping\"}'"
        return ValueType(words, schema: ["type": ["string", "number"]]) { node, field in
            switch node.content {
            case .scalar(let scalar) where !scalar.isNull:
                return scalar.text
            case .unusable:
                return nil
            case .scalar, .mapping, .sequence:
                let hint = node.isNull ? "; '' is the empty message" : ": put single quotes around JSON"
                field.error("\(field.name) must be \(words), found \(node.described)\(hint)", at: node.position)
                return nil
            }
        }
    }
}
