/// GraphQL over WebSocket, subprotocol `graphql-transport-ws`: initialisation, acknowledgement, subscriptions, pings.
enum GraphQLTransportWS {
    static let payload = Key(
        "payload",
        .secretMembers,
        default: "none",
        "The members of `connection_init`'s payload, each a text or `{ file: PATH }`."
    )
    static let subscriptions = Key(
        "subscriptions",
        .list(
            of: .mapping(GraphQLSubscription.place, id: "graphql_subscription", read: GraphQLSubscription.read),
            example: "[ { query: 'subscription { … }' } ]",
            allowEmpty: false
        ),
        default: "",
        "The operations to subscribe to, with the ids \"1\", \"2\", …"
    )

    static let name = "graphql-transport-ws"

    static let preset = SessionPreset(
        name,
        "Subscribes over GraphQL's WebSocket protocol, and answers its pings.",
        keys: [payload.described, subscriptions.described]
    ) { reader in
        guard reader.contains(subscriptions.name) else {
            reader.error("the preset \(name) needs subscriptions, such as [ { query: 'subscription { … }' } ]")
            return nil
        }
        guard let operations = reader.read(subscriptions) else { return nil }
        var reading = SessionReading()
        reading.session.subprotocol = name
        let (object, variables) = MessageTemplate.object(reader.read(payload) ?? [], prefix: "payload")
        reading.session.variables = variables
        let content = variables.isEmpty ? .literal("") : .literal(#","payload":"#) + object
        reading.session.steps = [
            SessionStep(
                send: .literal(#"{"type":"connection_init""#) + content + .literal("}"),
                expect: .json("$.type", equals: "connection_ack")
            )
        ]
        for (index, operation) in operations.enumerated() {
            let text = #"{"id":"\#(index + 1)","type":"subscribe","payload":\#(operation.payload)}"#
            reading.session.steps.append(SessionStep(send: .literal(text)))
        }
        var heartbeat = HeartbeatConfiguration()
        heartbeat.answer = .json("$.type", equals: "ping")
        heartbeat.with = .literal(#"{"type":"pong"}"#)
        reading.heartbeat = heartbeat
        reading.session.endings = [
            SessionEnding(.json("$.type", equals: "error"), .fault),
            SessionEnding(.json("$.type", equals: "complete"), .reconnect),
        ]
        return reading
    }
}

/// One operation of the preset `graphql-transport-ws`.
struct GraphQLSubscription: Sendable {
    static let query = Key("query", .text(), default: "", "The operation's text: `subscription { … }`.")
    static let variables = Key(
        "variables",
        .json,
        default: "none",
        "The values of its variables."
    )
    static let operationName = Key(
        "operation_name",
        .text(),
        default: "none",
        "Which operation is meant, where the text has several."
    )

    static let place = Place(
        id: "graphql_subscription",
        path: "connections.NAME.session.subscriptions[], preset: graphql-transport-ws",
        meaning: "A GraphQL operation.",
        keys: [query.described, variables.described, operationName.described]
    )

    /// JSON: what `subscribe` carries.
    var payload: String

    static func read(_ reader: MappingReader) -> GraphQLSubscription? {
        guard reader.contains(query.name) else {
            reader.error("a subscription needs a query, such as 'subscription { … }'")
            return nil
        }
        guard let text = reader.read(query) else { return nil }
        var members = [(name: "query", json: JSONText.quoted(text))]
        if let values = reader.read(variables) { members.append((name: "variables", json: values)) }
        if let name = reader.read(operationName) {
            members.append((name: "operationName", json: JSONText.quoted(name)))
        }
        return GraphQLSubscription(payload: JSONText.object(members))
    }
}
