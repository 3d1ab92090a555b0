import Logging
import NIOCore
import WSClient

extension GatewayParts {
    /// Makes every part and wires sources through routes and queues to sinks.
    ///
    /// - Throws: `MatchError` or `WebSocketURLError` for what the configuration's check should have refused.
    init(
        _ configuration: GatewayConfiguration,
        adapters: AdapterFactory,
        spool: Spool?,
        userAgent: String?,
        secrets: SecretBook,
        eventLoop: any EventLoop,
        log: Logger
    ) throws {
        self.spool = spool
        brokers = configuration.brokers.map { adapters.broker($0, eventLoop, log) }
        for broker in configuration.brokers {
            secrets.set(Redactor(KnownSecrets.values(of: broker)), of: "mqtt.\(broker.name)")
        }
        if let status = configuration.status, let broker = brokers.first(where: { $0.name == status.broker }) {
            publisher = StatusPublisher(topics: StatusTopics(base: status.baseTopic), broker: broker)
        }
        for (broker, made) in zip(configuration.brokers, brokers) where broker.protocolVersion == .v5 {
            let base = configuration.status.flatMap { $0.broker == broker.name ? $0.baseTopic : nil }
            let topics = ResponseTopics(broker.responseTopics, base: base)
            responders[broker.name] = Responder(broker: made, topics: topics, log: log)
        }
        for connection in configuration.connections {
            connections.append(
                try Connection(
                    connection,
                    hiddenValues: configuration.hiddenValues + configuration.brokers.compactMap(\.password),
                    secrets: secrets,
                    publisher: publisher,
                    userAgent: userAgent,
                    eventLoop: eventLoop,
                    log: log
                )
            )
        }
        // Routes of the same source share it: it is read once.
        var sourceOrder: [SourceConfiguration] = []
        var routesBySource: [SourceConfiguration: [Route]] = [:]
        for route in configuration.routes {
            let made = try makeRoute(route, configuration, adapters, eventLoop, log)
            routes.append(made)
            if routesBySource[route.source] == nil { sourceOrder.append(route.source) }
            routesBySource[route.source, default: []].append(made)
        }
        for source in sourceOrder {
            guard let made = makeSource(source, adapters, eventLoop, log) else { continue }
            hubs.append(SourceHub(source: made, routes: routesBySource[source] ?? []))
        }
        for hub in hubs { (hub.source as? ConnectionSource)?.connection.throttled(by: hub) }
    }

    private mutating func makeRoute(
        _ route: RouteConfiguration,
        _ configuration: GatewayConfiguration,
        _ adapters: AdapterFactory,
        _ eventLoop: any EventLoop,
        _ log: Logger
    ) throws -> Route {
        let context = TemplateContext(
            instance: configuration.instance,
            route: route.name,
            connection: route.source.connectionName
        )
        var queues: [RouteQueue] = []
        for configured in route.sinks {
            guard let sink = makeSink(configured.sink, context, adapters, eventLoop, log) else { continue }
            let twins = queues.count { $0.sink.name == sink.name }
            let key = "\(route.name) -> \(sink.name)" + (twins > 0 ? " #\(twins + 1)" : "")
            let queue = try makeQueue(configured, configuration, route: route.name, key: key, sink, log)
            if case .connection(let end) = configured.sink, case .mqtt(let source) = route.source,
                let responder = responders[source.broker]
            {
                let desk = try makeReplyDesk(of: route, over: end.connection, responder, eventLoop, log)
                queue.answerRequests(by: desk ?? responder)
            }
            queues.append(queue)
        }
        return Route(name: route.name, matcher: try route.match.map { try Matcher($0) }, queues: queues, log: log)
    }

    private mutating func makeReplyDesk(
        of route: RouteConfiguration,
        over name: String,
        _ responder: Responder,
        _ eventLoop: any EventLoop,
        _ log: Logger
    ) throws -> ReplyDesk? {
        guard let configuration = route.replyTo else { return nil }
        let desk = try ReplyDesk(
            configuration,
            route: route.name,
            responder: responder,
            eventLoop: eventLoop,
            log: log
        )
        connection(named: name)?.replyDesks.append(desk)
        replyDesks[route.name] = desk
        return desk
    }

    private func makeQueue(
        _ configured: RouteSinkConfiguration,
        _ configuration: GatewayConfiguration,
        route: String,
        key: String,
        _ sink: any Sink,
        _ log: Logger
    ) throws -> RouteQueue {
        let queue = configured.queue
        let policy = QueuePolicy(queue, for: configured.sink)
        let conflation = try queue.conflateBy.map { try ConflationKey($0) }
        let level: SpooledStore.Level? =
            switch queue.store {
            case .memory: nil
            case .spill: .spill
            case .always: .always
            }
        guard let spool, let level else {
            let store: any QueueStore = conflation.map { ConflatingStore(by: $0) } ?? MemoryStore()
            return RouteQueue(route: route, sink: sink, policy: policy, store: store, log: log)
        }
        let contents = try spool.place(for: key)
        let window = RepeatWindow.limit(for: configured.sink, brokers: configuration.brokers)
        let store: any SpoolingStore =
            conflation.map {
                ConflatingStore(by: $0, level: level, maxDisk: queue.maxDisk, window: window, contents: contents)
            }
            ?? SpooledStore(
                level: level,
                maxBytes: queue.maxBytes,
                maxDisk: queue.maxDisk,
                window: window,
                contents: contents
            )
        return RouteQueue(
            route: route,
            sink: sink,
            policy: policy,
            store: store,
            spool: spool,
            place: contents.number,
            log: log
        )
    }

    private func makeSource(
        _ configuration: SourceConfiguration,
        _ adapters: AdapterFactory,
        _ eventLoop: any EventLoop,
        _ log: Logger
    ) -> (any Source)? {
        switch configuration {
        case .connection(let name): connection(named: name).map { ConnectionSource($0) }
        case .mqtt(let mqtt): broker(named: mqtt.broker)?.makeSource(mqtt)
        case .udp(let udp): adapters.udpSource(udp, eventLoop, log)
        case .fifo(let fifo): adapters.fifoSource(fifo, eventLoop, log)
        }
    }

    private func makeSink(
        _ configuration: SinkConfiguration,
        _ context: TemplateContext,
        _ adapters: AdapterFactory,
        _ eventLoop: any EventLoop,
        _ log: Logger
    ) -> (any Sink)? {
        switch configuration {
        case .connection(let sink): connection(named: sink.connection).map { $0.makeSink(sink) }
        case .mqtt(let mqtt): broker(named: mqtt.broker)?.makeSink(mqtt, context: context)
        case .udp(let udp): adapters.udpSink(udp, eventLoop, log)
        case .fifo(let fifo): adapters.fifoSink(fifo, eventLoop, log)
        }
    }

    private func broker(named name: String) -> (any Broker)? { brokers.first { $0.name == name } }
}

extension SourceConfiguration {
    /// The connection's name where the source is one.
    var connectionName: String? {
        guard case .connection(let name) = self else { return nil }
        return name
    }
}
