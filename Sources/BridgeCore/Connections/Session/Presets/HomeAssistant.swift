/// Home Assistant's WebSocket API: authentication by a long-lived access token, then subscriptions to events.
enum HomeAssistant {
    static let usualEvents = ["state_changed"]

    static let accessToken = Key(
        "access_token",
        .secret(),
        default: "",
        "A long-lived access token. A text, or `{ file: PATH }`."
    )
    static let events = Key(
        "events",
        .list(of: .text(), example: "[ state_changed ]"),
        default: .value(usualEvents),
        "The types of events to subscribe to, with the ids 1, 2, …; `[]` subscribes to none."
    )

    static let preset = SessionPreset(
        "home-assistant",
        "Logs in to Home Assistant with an access token, and subscribes to events.",
        keys: [accessToken.described, events.described]
    ) { reader in
        guard reader.contains(accessToken.name) else {
            reader.error("the preset home-assistant needs an access_token, such as { file: PATH }")
            return nil
        }
        guard let token = reader.read(accessToken) else { return nil }
        var reading = SessionReading()
        reading.defaultPath = "/api/websocket"
        reading.session.variables = [SessionVariable(accessToken.name, token)]
        reading.session.steps = [
            SessionStep(expect: .json("$.type", equals: "auth_required")),
            SessionStep(
                send: MessageTemplate(#"{"type":"auth","access_token":"{access_token}"}"#),
                expect: .json("$.type", equals: "auth_ok"),
                failOn: .json("$.type", equals: "auth_invalid")
            ),
        ]
        let events = reader.read(events) ?? usualEvents
        for (index, event) in events.enumerated() {
            reading.session.steps.append(subscription(to: event, id: index + 1))
        }
        return reading
    }

    private static func subscription(to event: String, id: Int) -> SessionStep {
        let text = #"{"id":\#(id),"type":"subscribe_events","event_type":\#(JSONText.quoted(event))}"#
        let result: [MatchConfiguration] = [.json("$.id", equals: id), .json("$.type", equals: "result")]
        return SessionStep(
            send: .literal(text),
            expect: .all(result + [.json("$.success", is: true)]),
            failOn: .all(result + [.json("$.success", is: false)])
        )
    }
}
