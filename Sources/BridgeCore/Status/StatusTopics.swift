/// The names of the status topics below one base topic.
package struct StatusTopics: Sendable, Hashable {
    package let base: String

    package init(base: String) {
        self.base = base
    }

    package var status: String { "\(base)/status" }
    package var stats: String { "\(base)/stats" }
    package var commandFilter: String { "\(base)/+/command/+" }

    package func state(of connection: String) -> String { "\(base)/\(connection)/state" }
    package func connectionStatus(of connection: String) -> String { "\(base)/\(connection)/connection_status" }
    package func lastSent(of connection: String) -> String { "\(base)/\(connection)/last_sent" }
    package func lastReceived(of connection: String) -> String { "\(base)/\(connection)/last_received" }
    package func event(_ trigger: Trigger, of connection: String) -> String {
        "\(base)/\(connection)/event/\(trigger.rawValue)"
    }

    /// The connection's name and the command's word of a topic below `commandFilter`.
    package func command(in topic: String) -> (connection: String, word: String)? {
        guard topic.hasPrefix(base + "/") else { return nil }
        let levels = topic.dropFirst(base.count + 1).split(separator: "/", omittingEmptySubsequences: false)
        guard levels.count == 3, levels[1] == "command" else { return nil }
        return (String(levels[0]), String(levels[2]))
    }
}

/// A connection's life events.
package enum Trigger: String, Sendable, Hashable, CaseIterable {
    /// The TCP (and TLS) connection stands.
    case connected
    /// The WebSocket handshake succeeded.
    case established
    case disconnected
}
