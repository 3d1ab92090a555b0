import NIOConcurrencyHelpers

/// The six ways of a message that the demo shows.
enum DemoPath: String, CaseIterable, Sendable {
    case toMQTT = "WebSocket -> MQTT"
    case toUDP = "WebSocket -> UDP"
    case toFIFO = "WebSocket -> FIFO"
    case fromMQTT = "MQTT -> WebSocket"
    case fromUDP = "UDP -> WebSocket"
    case fromFIFO = "FIFO -> WebSocket"
}

/// Prints what arrives where, and counts it by path.
final class DemoReport: Sendable {
    private let arrivals = NIOLockedValueBox<[DemoPath: Int]>([:])

    /// A message came out at the far end of a path.
    func arrived(_ path: DemoPath, _ text: String) {
        arrivals.withLockedValue { $0[path, default: 0] += 1 }
        StandardStreams.output("  \(path.rawValue.padded(to: 18)) \(text)")
    }

    func say(_ text: String) { StandardStreams.output(text) }

    /// How many messages came out of each path.
    var counts: [DemoPath: Int] { arrivals.withLockedValue { $0 } }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
