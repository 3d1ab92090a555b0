/// The keys of `routes.NAME.reply_to`.
enum ReplyKeys {
    static let match = Key(
        "match",
        ValueType<MatchConfiguration?>.match,
        default: "every message",
        "Which messages of the connection are replies: a text that they contain, or a match as of a route."
    )
    static let timeout = Key(
        "timeout",
        .duration(.milliseconds(10) ... .seconds(86_400)),
        default: .model(\ReplyConfiguration.timeout),
        "How long a reply is waited for once the request is sent; then the answer is `dropped: no_reply`."
    )

    static let place = Place(
        id: "reply_to",
        path: "routes.NAME.reply_to",
        meaning:
            "What of the connection's messages answers the route's requests: the oldest request gets the next one.",
        keys: [match.described, timeout.described]
    )
}

enum ReplySection {
    static func read(_ reader: MappingReader) -> ReplyConfiguration? {
        var reply = ReplyConfiguration()
        reply.match = reader.read(ReplyKeys.match) ?? nil
        reader.read(ReplyKeys.timeout, into: &reply.timeout)
        return reply
    }

    /// A route whose source can ask, and whose one sink can reply.
    static func check(_ source: SourceConfiguration?, _ sinks: [PlacedSink], _ reader: MappingReader) {
        let key = RouteKeys.replyTo.name
        guard reader.contains(key) else { return }
        let position = reader.keyPosition(key)
        let context = reader.context
        switch source {
        case .mqtt(let source) where context.oldBrokerNames.contains(source.broker):
            context.error(
                "reply_to has nobody to answer with MQTT 3.1.1: \(source.broker) needs protocol_version: \"5\"",
                at: position
            )
        case .mqtt(let source) where !context.answeringBrokerNames.contains(source.broker):
            context.error(
                "reply_to has nowhere to answer: list the topics in mqtt.\(source.broker).response_topics, such as "
                    + "response_topics: [ 'replies/#' ]",
                at: position
            )
        case .connection, .udp, .fifo:
            context.error("only a route from MQTT has requests to answer with reply_to", at: position)
        case .mqtt, nil:
            break
        }
        guard !sinks.isEmpty else { return }
        if sinks.count == 1, case .connection = sinks[0].sink { return }
        context.error(
            "reply_to needs one sink, a connection: write a route of its own for each other sink",
            at: position
        )
    }
}
