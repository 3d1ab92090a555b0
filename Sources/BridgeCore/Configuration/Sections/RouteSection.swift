/// The keys of `routes.NAME`.
enum RouteKeys {
    static let from = Key(
        "from",
        ValueType<PlacedSource>.source,
        default: "",
        "Where messages come from: the name of a connection, or `{ connection }`, `{ mqtt, topic }`, `{ udp }`, `{ fifo }`."
    )
    static let match = Key(
        "match",
        ValueType<MatchConfiguration?>.match,
        default: "every message",
        "Which messages the route takes: a text that they contain, or a match (see below)."
    )
    static let to = Key(
        "to",
        ValueType<[PlacedSink]>.sinks,
        default: "",
        "Where they go: a connection's name, or `{ connection }`, `{ mqtt, topic }`, `{ udp }`, `{ fifo }`, or a list."
    )
    static let queue = Key(
        "queue",
        .mapping(QueueKeys.place, id: "queue", read: QueueSection.read),
        default: "see below",
        "What holds messages that a sink can't take yet."
    )
    static let replyTo = Key(
        "reply_to",
        .mapping(ReplyKeys.place, id: "reply_to", read: ReplySection.read),
        default: .model(\RouteConfiguration.replyTo),
        "From MQTT 5 to one connection: requests are answered with what comes back over it, instead of `sent`."
    )
    static let allowEcho = Key(
        "allow_echo",
        .boolean,
        default: .model(\RouteConfiguration.allowEcho),
        "Allow a route that leads back into its own source, and take what went through this gateway before."
    )

    static let place = Place(
        id: "route",
        path: "routes.NAME",
        meaning: "From one source, through a match, to one or more sinks.",
        keys: [from.described, match.described, to.described, queue.described, replyTo.described, allowEcho.described]
    )
}

/// A source with the place where it stands.
struct PlacedSource {
    var source: SourceConfiguration
    var position: Position
}

/// A sink with its own queue settings and the place where it stands.
struct PlacedSink {
    var sink: SinkConfiguration
    var queue: QueueSettings?
    var position: Position
    /// Where its `topic` stands, or the sink itself.
    var topicPosition: Position
    /// Where `expiry: ttl` stands.
    var followsTTL: Position?
}

/// A route as far as it could be read, for the checks that look at several.
struct DecodedRoute {
    var name: String
    var position: Position
    var source: PlacedSource?
    var sinks: [PlacedSink]
    var allowEcho: Bool
    var configuration: RouteConfiguration?
}

enum RouteSection {
    static func read(_ name: String, _ reader: MappingReader) -> DecodedRoute? {
        let source = reader.read(RouteKeys.from)
        let match = reader.read(RouteKeys.match) ?? nil
        let sinks = reader.read(RouteKeys.to)
        let queue = reader.read(RouteKeys.queue) ?? QueueSettings()
        let replyTo = reader.read(RouteKeys.replyTo)
        let allowEcho = reader.read(RouteKeys.allowEcho) ?? RouteConfiguration.defaults.allowEcho
        for key in [RouteKeys.from.name, RouteKeys.to.name] where !reader.contains(key) {
            reader.error("\(reader.path) needs '\(key)'")
        }

        let context = reader.context
        var route = DecodedRoute(
            name: name,
            position: reader.position,
            source: source,
            sinks: sinks ?? [],
            allowEcho: allowEcho
        )
        let queues = route.sinks.map { sink in
            QueueSection.resolve(sink.queue, over: queue, for: sink.sink, context)
        }
        for index in route.sinks.indices { resolveExpiry(&route.sinks[index], queues[index], context) }
        QueueSection.checkUse(queue, queues, context)
        ReplySection.check(source?.source, route.sinks, reader)
        if let source {
            checkTemplates(route.sinks, source.source, context)
        }
        if let source, !route.sinks.isEmpty {
            var configuration = RouteConfiguration(
                name: name,
                source: source.source.taking(echo: allowEcho),
                match: match,
                sinks: zip(route.sinks, queues).map { RouteSinkConfiguration(sink: $0.sink, queue: $1) }
            )
            configuration.replyTo = replyTo
            configuration.allowEcho = allowEcho
            route.configuration = configuration
        }
        return route
    }

    /// `expiry: ttl` takes a queue that has one.
    private static func resolveExpiry(
        _ placed: inout PlacedSink,
        _ queue: QueueConfiguration,
        _ context: LoadingContext
    ) {
        guard let position = placed.followsTTL, case .mqtt(var sink) = placed.sink else { return }
        if queue.ttl == nil {
            context.error("expiry: ttl needs a ttl in the sink's queue, such as queue: { ttl: 5m }", at: position)
        }
        sink.remainderOf = queue.ttl
        placed.sink = .mqtt(sink)
    }

    /// `{topic}` and `{connection}` take a source that has them.
    private static func checkTemplates(
        _ sinks: [PlacedSink],
        _ source: SourceConfiguration,
        _ context: LoadingContext
    ) {
        for placed in sinks {
            guard case .mqtt(let sink) = placed.sink else { continue }
            if sink.userProperties.contains(.connection), source.kind != .connection {
                context.error("only a route from a connection has user_properties: [connection]", at: placed.position)
            }
            guard let template = try? TopicTemplate(sink.topic) else { continue }
            if template.usesSourceTopic, source.kind != .mqtt {
                context.error("only a route from MQTT has a {topic}", at: placed.topicPosition)
            }
            if template.usesConnection, source.kind != .connection {
                context.error("only a route from a connection has a {connection}", at: placed.topicPosition)
            }
        }
    }
}

extension SourceConfiguration {
    /// The same; one of MQTT brings what the gateway published itself if it is wanted.
    fileprivate func taking(echo: Bool) -> SourceConfiguration {
        guard case .mqtt(var source) = self else { return self }
        source.allowEcho = echo
        return .mqtt(source)
    }
}
