/// The public channels of OKX, and of exchanges that speak alike: a subscription for each channel, a text `ping`.
enum OKX {
    static let usualInterval: Duration = .seconds(20)

    static let channels = Key(
        "channels",
        .list(of: .textMembers, example: "[ { channel: tickers, instId: BTC-USDT } ]", allowEmpty: false),
        default: "",
        "What to subscribe to: the members of each `arg`."
    )
    static let every = Key(
        "every",
        .duration(.milliseconds(10) ... .seconds(86_400)),
        default: .value(usualInterval),
        "How often the text `ping` is sent."
    )

    static let preset = SessionPreset(
        "okx",
        "Subscribes to public channels of OKX, and sends the text `ping` that it wants.",
        keys: [channels.described, every.described]
    ) { reader in
        guard reader.contains(channels.name) else {
            reader.error("the preset okx needs channels, such as [ { channel: tickers, instId: BTC-USDT } ]")
            return nil
        }
        guard let channels = reader.read(channels) else { return nil }
        var reading = SessionReading()
        reading.defaultPath = "/ws/v5/public"
        reading.session.steps = channels.map(subscription)
        reading.session.endings = [
            // Announced a minute before: the service is about to be upgraded.
            SessionEnding(.all([.json("$.event", equals: "notice"), .json("$.code", equals: "64008")]), .reconnect)
        ]
        var heartbeat = HeartbeatConfiguration()
        heartbeat.send = .literal("ping")
        heartbeat.every = reader.read(every) ?? usualInterval
        heartbeat.expect = .equals("pong", caseSensitive: true)
        reading.heartbeat = heartbeat
        return reading
    }

    private static func subscription(_ members: [TextMember]) -> SessionStep {
        let argument = JSONText.object(members.map { (name: $0.name, json: JSONText.quoted($0.text)) })
        let same = members.map { MatchConfiguration.json("$.arg.\($0.name)", equals: $0.text) }
        return SessionStep(
            send: .literal(#"{"op":"subscribe","args":[\#(argument)]}"#),
            expect: .all([.json("$.event", equals: "subscribe")] + same),
            failOn: .json("$.event", equals: "error")
        )
    }
}
