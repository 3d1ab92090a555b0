/// Finds routes from MQTT that read the gateway's own status topics.
///
/// With MQTT 5 the broker keeps a client's messages from itself (no-local). It can't with 3.1.1, with a shared
/// subscription, and where another entry of `mqtt:` reads at the same broker.
enum StatusEchoCheck {
    static func check(_ routes: [DecodedRoute], _ gateway: GatewayConfiguration, _ context: LoadingContext) {
        guard let status = gateway.status, let writer = gateway.brokers.first(where: { $0.name == status.broker })
        else { return }
        for route in routes where !route.allowEcho {
            guard let placed = route.source, case .mqtt(let source) = placed.source,
                let reader = gateway.brokers.first(where: { $0.name == source.broker }),
                let filter = try? TopicFilter(source.topicFilter), comesBack(from: writer, to: reader, filter)
            else { continue }
            check(route, at: placed.position, filter, StatusTopics(base: status.baseTopic), context)
        }
    }

    private static func comesBack(
        from writer: BrokerConfiguration,
        to reader: BrokerConfiguration,
        _ filter: TopicFilter
    ) -> Bool {
        guard writer.port == reader.port, SamePlace.numeric(writer.host) == SamePlace.numeric(reader.host) else {
            return false
        }
        return writer.name != reader.name || reader.protocolVersion == .v311 || filter.shareName != nil
    }

    private static func check(
        _ route: DecodedRoute,
        at position: Position,
        _ filter: TopicFilter,
        _ topics: StatusTopics,
        _ context: LoadingContext
    ) {
        let shown = quoted(filter.description)
        for case .connection(let sink) in route.sinks.map(\.sink) {
            let lastSent = topics.lastSent(of: sink.connection)
            guard filter.overlaps(with: TopicFilter(pattern: lastSent)) else { continue }
            context.error(
                "route \(route.name) leads back into its own source: what it sends is published at \(lastSent), which "
                    + "its filter \(shown) matches; narrow the filter, or write allow_echo: true",
                at: position
            )
            return
        }
        // A filter that names the base topic means the status topics.
        guard !filter.isBelow(topics.base), filter.overlaps(with: TopicFilter(pattern: "\(topics.base)/#")) else {
            return
        }
        context.warning(
            "the filter \(shown) also matches this gateway's status topics below \(topics.base): narrow the filter, or "
                + "write allow_echo: true",
            at: position
        )
    }
}
