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

/// A `heartbeat:` as written: `nil` is what the user left to a preset, or to the default.
struct HeartbeatSettings {
    var send: MessageTemplate?
    var every: Duration?
    var expect: MatchConfiguration?
    var timeout: Duration?
    var answer: MatchConfiguration?
    var with: MessageTemplate?
    /// `.some(nil)`: none.
    var within: Duration??
    var forward: Bool?
    /// The position of each key that is written, right or wrong.
    var positions: [String: Position] = [:]

    /// The connection's heartbeats: what the user writes wins over the preset's.
    ///
    /// A `send` or `answer` that the preset's protocol needs stays beside the user's, which are looked at first.
    func over(_ preset: HeartbeatConfiguration?) -> [HeartbeatConfiguration] {
        var usual = preset ?? HeartbeatConfiguration()
        var own = HeartbeatConfiguration()
        if let within {
            usual.within = within
            usual.announced.remove(.within)
        }
        if let forward { usual.forward = forward }
        own.forward = usual.forward
        if send != nil, usual.send != nil, usual.isNeeded {
            setSending(of: &own)
        } else {
            setSending(of: &usual)
        }
        if let answer, usual.answer != nil {
            (own.answer, own.with) = (answer, with)
        } else {
            if let answer { usual.answer = answer }
            if let with { usual.with = with }
        }
        return own.send == nil && own.answer == nil ? [usual] : [own, usual]
    }

    /// A `send` of the user's takes the place of another with all that belongs to it.
    private func setSending(of heartbeat: inout HeartbeatConfiguration) {
        if let send {
            let usual = HeartbeatConfiguration()
            (heartbeat.send, heartbeat.every) = (send, usual.every)
            (heartbeat.expect, heartbeat.timeout) = (nil, usual.timeout)
            heartbeat.announced.subtract([.every, .timeout])
        }
        if let every {
            heartbeat.every = every
            heartbeat.announced.remove(.every)
        }
        if let expect { heartbeat.expect = expect }
        if let timeout {
            heartbeat.timeout = timeout
            heartbeat.announced.remove(.timeout)
        }
    }
}

enum HeartbeatSection {
    static func read(_ reader: MappingReader) -> HeartbeatSettings? {
        HeartbeatSettings(
            send: reader.read(HeartbeatKeys.send).map { MessageTemplate($0) },
            every: reader.read(HeartbeatKeys.every),
            expect: reader.read(HeartbeatKeys.expect),
            timeout: reader.read(HeartbeatKeys.timeout),
            answer: reader.read(HeartbeatKeys.answer),
            with: reader.read(HeartbeatKeys.with).map { MessageTemplate($0) },
            within: reader.read(HeartbeatKeys.within),
            forward: reader.read(HeartbeatKeys.forward),
            positions: Dictionary(
                HeartbeatKeys.place.keys.map(\.name).filter(reader.contains).map { ($0, reader.keyPosition($0)) }
            ) { first, _ in first }
        )
    }

    /// Reports what means nothing without another key, which the user or the preset has to bring.
    static func check(
        _ settings: HeartbeatSettings,
        over preset: HeartbeatConfiguration?,
        at position: Position,
        _ context: LoadingContext
    ) {
        func has(_ name: String, _ usual: Any?) -> Bool { settings.positions[name] != nil || usual != nil }
        let hasSend = has(HeartbeatKeys.send.name, preset?.send)
        let isOwnSend = settings.positions[HeartbeatKeys.send.name] != nil
        let needs: [(names: [String], needed: String, isThere: Bool)] = [
            ([HeartbeatKeys.every.name, HeartbeatKeys.expect.name], HeartbeatKeys.send.name, hasSend),
            (
                [HeartbeatKeys.timeout.name], HeartbeatKeys.expect.name,
                has(HeartbeatKeys.expect.name, isOwnSend ? nil : preset?.expect)
            ),
            ([HeartbeatKeys.with.name], HeartbeatKeys.answer.name, has(HeartbeatKeys.answer.name, preset?.answer)),
        ]
        for (names, needed, isThere) in needs where !isThere {
            for name in names {
                guard let position = settings.positions[name] else { continue }
                context.error("\(name) needs \(needed) beside it", at: position)
            }
        }
        let hasAny = hasSend || has(HeartbeatKeys.answer.name, preset?.answer) || has(HeartbeatKeys.within.name, nil)
        guard !hasAny else { return }
        context.error("heartbeat needs a text to send, or an answer to the server's heartbeat, or within", at: position)
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
