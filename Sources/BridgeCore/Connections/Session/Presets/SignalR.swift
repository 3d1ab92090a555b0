/// SignalR's JSON hub protocol, straight over WebSocket: handshake, pings both ways, records that end with 0x1E.
///
/// A hub may be configured to ping rarely (`KeepAliveInterval`), and doesn't say how rarely. So its silence is no reason
/// to leave it: a dead link or server shows in WebSocket pings, and `heartbeat: { within: 30s }` is the user's to write.
enum SignalR {
    static let invoke = Key(
        "invoke",
        .list(
            of: .mapping(SignalRInvocation.place, id: "signalr_invocation", read: SignalRInvocation.read),
            example: "[ { target: Subscribe, arguments: [ trades ] } ]"
        ),
        default: .value([]),
        "The hub's methods to call, in order; each has to be completed without an error."
    )

    static let separator: UInt8 = 0x1E

    static let preset = SessionPreset(
        "signalr",
        "Begins SignalR's JSON protocol with a hub, keeps it alive, and calls methods.",
        keys: [invoke.described]
    ) { reader in
        var reading = SessionReading()
        reading.session.envelope = .records(separator: separator)
        var handshake = SessionStep(
            send: .literal(#"{"protocol":"json","version":1}"#),
            expect: .all([.json("$.error", exists: false), .json("$.type", exists: false)]),
            failOn: .json("$.error", exists: true)
        )
        handshake.timeout = .seconds(15)
        reading.session.steps = [handshake]
        for (index, invocation) in (reader.read(invoke) ?? []).enumerated() {
            reading.session.steps.append(invocation.step(id: "\(index + 1)"))
        }
        reading.session.endings = [SessionEnding(.json("$.type", equals: 7), .reconnect)]
        var heartbeat = HeartbeatConfiguration()
        heartbeat.send = .literal(#"{"type":6}"#)
        heartbeat.every = .seconds(15)
        heartbeat.isNeeded = true
        heartbeat.answer = .json("$.type", equals: 6)
        reading.heartbeat = heartbeat
        return reading
    }
}

/// One call of the preset `signalr`.
struct SignalRInvocation: Sendable {
    static let target = Key("target", .text(), default: "", "The method's name.")
    static let arguments = Key(
        "arguments",
        .list(of: .json, example: "[ trades, 5 ]"),
        default: .value([]),
        "Its arguments."
    )

    static let place = Place(
        id: "signalr_invocation",
        path: "connections.NAME.session.invoke[], preset: signalr",
        meaning: "A call of a hub's method.",
        keys: [target.described, arguments.described]
    )

    var target: String
    /// JSON texts.
    var arguments: [String]

    static func read(_ reader: MappingReader) -> SignalRInvocation? {
        guard reader.contains(target.name) else {
            reader.error("a call needs a target, which is the method's name")
            return nil
        }
        guard let name = reader.read(target) else { return nil }
        return SignalRInvocation(target: name, arguments: reader.read(arguments) ?? [])
    }

    func step(id: String) -> SessionStep {
        let list = "[" + arguments.joined(separator: ",") + "]"
        let text = #"{"type":1,"invocationId":"\#(id)","target":\#(JSONText.quoted(target)),"arguments":\#(list)}"#
        let completion: [MatchConfiguration] = [.json("$.type", equals: 3), .json("$.invocationId", equals: id)]
        var step = SessionStep(
            send: .literal(text),
            expect: .all(completion),
            failOn: .all(completion + [.json("$.error", exists: true)])
        )
        step.timeout = .seconds(15)
        return step
    }
}
