import BridgeCore
import TLS

/// The gateway's stats for a person.
enum StatusText {
    static func text(of stats: GatewayStats) -> String {
        var lines = ["\(stats.instance): wsbridge \(stats.version), up \(Int(stats.uptime)) s, \(stats.at)"]
        for (name, connection) in stats.connections.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "connection \(name): \(connection.state) since \(connection.since)\(reason(connection.reason))"
            )
            lines.append(
                "  received \(connection.received), sent \(connection.sent), reconnects \(connection.reconnects)"
                    + counts(", rejected", connection.rejected)
            )
            if let last = connection.lastReceived { lines.append("  last received \(message(last))") }
            if let last = connection.lastSent { lines.append("  last sent     \(message(last))") }
            for failure in connection.failures ?? [] { lines.append("  failed \(failure.at): \(failure.reason)") }
            if let throttled = connection.throttled {
                lines.append("  not read, because full: \(throttled.joined(separator: ", "))")
            }
        }
        for (name, broker) in stats.brokers.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "broker \(name): \(broker.state) since \(broker.since)\(reason(broker.reason))"
                    + counts(", rejected", broker.rejected)
            )
        }
        for (name, route) in stats.routes.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "route \(name): received \(route.received) = matched \(route.matched) + unmatched \(route.unmatched)"
                    + reason(route.error)
            )
            if let replies = route.replies {
                lines.append(
                    "  replied \(replies.replied), open \(replies.open)" + counts(", unanswered", replies.unanswered)
                )
            }
            for sink in route.sinks {
                let dropped = sink.dropped.values.reduce(0, +)
                let restored = sink.restored > 0 ? "restored \(sink.restored), " : ""
                let spooled = sink.spooled.map(onDisk) ?? ""
                lines.append(
                    "  \(sink.sink): \(restored)delivered \(sink.delivered), queued \(sink.queued) (\(sink.queuedBytes) bytes)\(spooled), "
                        + "expired \(sink.expired), dropped \(dropped)" + counts("", sink.dropped)
                )
            }
        }
        for (name, source) in stats.sources.sorted(by: { $0.key < $1.key }) {
            guard !source.rejected.isEmpty || source.error != nil || source.throttled != nil else { continue }
            lines.append("source \(name):\(counts(" rejected", source.rejected))\(reason(source.error))")
            if let throttled = source.throttled {
                lines.append("  not read, because full: \(throttled.joined(separator: ", "))")
            }
        }
        if let spool = stats.spool, spool.failing || spool.setAside > 0 || spool.strangers > 0 {
            lines.append(
                "spool: \(spool.failing ? "the disk refuses, writing is tried again" : "works")"
                    + counts(",", ["files put aside": spool.setAside].filter { $0.value > 0 })
                    + (spool.strangers > 0 ? ", \(spool.strangers) messages of routes that are gone" : "")
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func onDisk(_ spooled: SpooledStats) -> String {
        let parts = [
            spooled.bytes > 0 ? "\(spooled.bytes) bytes on disk" : nil,
            spooled.unwritten > 0 ? "\(spooled.unwritten) messages not yet written" : nil,
        ].compactMap { $0 }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    private static func reason(_ text: String?) -> String { text.map { " (\($0))" } ?? "" }

    private static func message(_ last: LastMessagePayload) -> String {
        "\(last.at) \(last.kind), \(last.bytes) bytes: \(readable(last.message))"
    }

    private static func counts(_ label: String, _ counts: [String: Int]) -> String {
        guard !counts.isEmpty else { return "" }
        let list = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return "\(label) (\(list))"
    }
}
