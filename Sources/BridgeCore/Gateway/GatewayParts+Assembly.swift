import Logging
import NIOCore

extension GatewayParts {
    /// Makes every part and wires sources through routes and queues to sinks.
    ///
    /// - Throws: `MatchError` or `WebSocketURLError` for what the configuration's check should have refused.
    init(
        _ configuration: GatewayConfiguration,
        adapters: AdapterFactory,
        eventLoop: any EventLoop,
        log: Logger
    ) throws {
        brokers = configuration.brokers.map { adapters.broker($0, eventLoop, log) }
        if let status = configuration.status, let broker = brokers.first(where: { $0.name == status.broker }) {
            publisher = StatusPublisher(topics: StatusTopics(base: status.baseTopic), broker: broker)
        }
        for connection in configuration.connections {
            connections.append(
                try Connection(
                    connection,
                    hiddenValues: configuration.hiddenValues,
                    publisher: publisher,
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

    private func makeRoute(
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
        let queues = route.sinks.compactMap { configured -> RouteQueue? in
            guard let sink = makeSink(configured.sink, context, adapters, eventLoop, log) else { return nil }
            return RouteQueue(
                route: route.name,
                sink: sink,
                policy: QueuePolicy(configured.queue, for: configured.sink),
                store: MemoryStore(),
                log: log
            )
        }
        return Route(name: route.name, matcher: try route.match.map { try Matcher($0) }, queues: queues, log: log)
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
