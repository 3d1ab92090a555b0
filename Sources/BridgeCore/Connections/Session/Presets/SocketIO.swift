/// Socket.IO 5 in Engine.IO 4, straight over WebSocket: open, connect to a namespace, pings, events in their envelope.
///
/// With `EIO=3` in the request's query Socket.IO 2 in Engine.IO 3: the client pings, and `/` needs no asking.
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
        default: "the server's pingInterval + pingTimeout, else 60s",
        "No ping of the server and no other message for so long: connect again."
    )

    static let preset = SessionPreset(
        "socket.io",
        "Connects to a namespace of a Socket.IO server, answers its pings, and takes events out of their packets.",
        keys: [namespace.described, auth.described, unwrap.described, within.described]
    ) { reader in
        let namespace = reader.read(namespace) ?? usualNamespace
        let unwrap = reader.read(unwrap) ?? usualUnwrap
        func packet(_ type: String) -> String { SocketIOPacket.prefix(of: type, in: namespace) }
        var reading = SessionReading()
        reading.defaultPath = "/socket.io/?EIO=4&transport=websocket"
        reading.session.envelope = .socketIO(namespace: namespace, unwrap: unwrap)
        var opened = SessionStep(expect: .prefix("0{", caseSensitive: true))
        opened.announcesTimes = true
        reading.session.endings = [
            SessionEnding(.equals(packet("41"), caseSensitive: true), .reconnect),
            SessionEnding(.equals("1", caseSensitive: true), .reconnect),
        ]
        var heartbeat = HeartbeatConfiguration()
        heartbeat.within = usualSilence
        heartbeat.announced = [.every, .timeout, .within]
        if let within = reader.read(within) {
            heartbeat.within = within
            heartbeat.announced.remove(.within)
        }
        if speaksEngineIO3(reader.context.requestPath) {
            if reader.contains(auth.name) {
                reader.error(
                    "auth needs Socket.IO 3 or later, and EIO=3 in the url means Socket.IO 2: put the token into the query",
                    at: reader.keyPosition(auth.name)
                )
            }
            reading.session.steps = [opened] + engineIO3Steps(to: namespace)
            heartbeat.send = .literal("2")
            heartbeat.every = .seconds(25)
            heartbeat.isNeeded = true
            heartbeat.expect = .equals("3", caseSensitive: true)
        } else {
            let (object, variables) = MessageTemplate.object(reader.read(auth) ?? [], prefix: "auth")
            reading.session.variables = variables
            let connect = MessageTemplate.literal(packet("40"))
            var connected = SessionStep(
                send: variables.isEmpty ? connect : connect + object,
                expect: .prefix(packet("40") + "{", caseSensitive: true),
                failOn: .prefix(packet("44"), caseSensitive: true)
            )
            connected.captures = [SessionCapture("sid", "$.sid")]
            connected.misfit = SessionMisfit(
                match: .equals("40", caseSensitive: true),
                words: "server speaks Engine.IO 3 (Socket.IO 2): write EIO=3 in the url, as in "
                    + "/socket.io/?EIO=3&transport=websocket"
            )
            reading.session.steps = [opened, connected]
            heartbeat.answer = .equals("2", caseSensitive: true)
            heartbeat.with = .literal("3")
        }
        reading.heartbeat = heartbeat
        return reading
    }

    /// True for a request of Engine.IO 3, in which the client pings.
    private static func speaksEngineIO3(_ path: String) -> Bool {
        guard let mark = path.firstIndex(of: "?") else { return false }
        return path[mark...].dropFirst().split(separator: "&").contains("EIO=3")
    }

    /// Socket.IO 2: the server connects each client to `/` unasked.
    private static func engineIO3Steps(to namespace: String) -> [SessionStep] {
        func step(_ namespace: String, send: MessageTemplate?) -> SessionStep {
            // Without a body the comma behind a namespace may be missing.
            let packet = namespace == "/" ? "40" : "40\(namespace)"
            let isConnected = ["", ","].map { MatchConfiguration.equals(packet + $0, caseSensitive: true) }
            let refused = SocketIOPacket.prefix(of: "44", in: namespace)
            return SessionStep(send: send, expect: .any(isConnected), failOn: .prefix(refused, caseSensitive: true))
        }
        let root = step("/", send: nil)
        guard namespace != "/" else { return [root] }
        let connect = MessageTemplate.literal(SocketIOPacket.prefix(of: "40", in: namespace))
        return [root, step(namespace, send: connect)]
    }
}
