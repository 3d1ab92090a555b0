/// Socket.IO 5 in Engine.IO 4, straight over WebSocket: open, connect to a namespace, pings, events in their envelope.
enum SocketIO {
    static let usualNamespace = "/"
    static let usualUnwrap = SocketIOPacket.Unwrap.event
    static let usualSilence: Duration? = .seconds(60)

    static let namespace = Key(
        "namespace",
        .text("a text that begins with /") { text in
            text.hasPrefix("/") && !text.contains(",") ? nil : "a namespace begins with / and holds no comma"
        },
        default: .value(usualNamespace),
        "The namespace to connect to."
    )
    static let auth = Key(
        "auth",
        .secretMembers,
        default: "none",
        "The members of what is sent as `auth`, each a text or `{ file: PATH }`."
    )
    static let unwrap = Key(
        "unwrap",
        ValueType<SocketIOPacket.Unwrap>.choice,
        default: .value(usualUnwrap),
        "What routes see of `42[\"name\",{…}]`: `event` = `[\"name\",{…}]`, `data` = `{…}`, `none` = all of it."
    )
    static let within = Key(
        "within",
        .durationOrNone(.milliseconds(10) ... .seconds(86_400)),
        default: .value(usualSilence),
        "No ping of the server and no other message for so long: connect again."
    )

    static let preset = SessionPreset(
        "socket.io",
        "Connects to a namespace of a Socket.IO server, answers its pings, and takes events out of their packets.",
        keys: [namespace.described, auth.described, unwrap.described, within.described]
    ) { reader in
        let namespace = reader.read(namespace) ?? usualNamespace
        func packet(_ type: String) -> String { SocketIOPacket.prefix(of: type, in: namespace) }
        var reading = SessionReading()
        reading.defaultPath = "/socket.io/?EIO=4&transport=websocket"
        let (object, variables) = MessageTemplate.object(reader.read(auth) ?? [], prefix: "auth")
        reading.session.variables = variables
        reading.session.envelope = .socketIO(namespace: namespace, unwrap: reader.read(unwrap) ?? usualUnwrap)
        let connect = MessageTemplate.literal(packet("40"))
        var connected = SessionStep(
            send: variables.isEmpty ? connect : connect + object,
            expect: .prefix(packet("40") + "{", caseSensitive: true),
            failOn: .prefix(packet("44"), caseSensitive: true)
        )
        connected.captures = [SessionCapture("sid", "$.sid")]
        reading.session.steps = [SessionStep(expect: .prefix("0{", caseSensitive: true)), connected]
        reading.session.endings = [
            SessionEnding(.equals(packet("41"), caseSensitive: true), .reconnect),
            SessionEnding(.equals("1", caseSensitive: true), .reconnect),
        ]
        var heartbeat = HeartbeatConfiguration()
        heartbeat.answer = .equals("2", caseSensitive: true)
        heartbeat.with = .literal("3")
        heartbeat.within = reader.read(within) ?? usualSilence
        reading.heartbeats = [heartbeat]
        return reading
    }
}
