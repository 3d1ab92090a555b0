extension GatewayParts {
    /// What every part has counted until now.
    func stats(
        instance: String,
        version: String,
        at now: Timestamp,
        uptime: Double,
        brokerRecords: [String: BrokerRecord]
    ) -> GatewayStats {
        var stats = GatewayStats(instance: instance, version: version, at: now.description, uptime: uptime)
        for connection in connections { stats.connections[connection.name] = connection.stats }
        for (name, record) in brokerRecords { stats.brokers[name] = record.stats }
        for hub in hubs {
            for route in hub.routes { stats.routes[route.name] = routeStats(route, of: hub) }
            guard !(hub.source is ConnectionSource) else { continue }
            stats.sources[hub.source.name] = SourceStats(
                rejected: hub.rejected.byWord,
                throttled: hub.throttledBy.isEmpty ? nil : hub.throttledBy,
                error: hub.failure ?? hub.trouble
            )
        }
        stats.spool = spool?.stats
        return stats
    }

    private func routeStats(_ route: Route, of hub: SourceHub) -> RouteStats {
        let desk = replyDesks[route.name]
        let limitHits = route.regexLimitHits + (desk?.regexLimitHits ?? 0)
        return RouteStats(
            received: route.received,
            matched: route.matched,
            unmatched: route.unmatched,
            regexLimitHits: limitHits == 0 ? nil : limitHits,
            sinks: route.queues.map { SinkStats(sink: $0.sink.name, balance: $0.currentBalance, spooled: $0.spooled) },
            replies: desk?.stats,
            error: hub.failure ?? hub.trouble ?? route.queues.lazy.compactMap(\.failure).first
        )
    }
}

extension [RejectReason: Int] {
    /// The counters under the words of stats and status.
    var byWord: [String: Int] {
        Dictionary<String, Int>(uniqueKeysWithValues: map { reason, count in (reason.rawValue, count) })
    }
}
