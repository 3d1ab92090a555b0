import BridgeCore
import Logging
import NIOCore
import TLS

/// All that a broker's thread needs to know, fixed before it starts.
struct BrokerSettings: Sendable {
    /// The largest payload that is taken from a server; its packet may have a topic and properties besides.
    static let largestInboundPayload = 16 << 20
    static let largestInboundPacket = largestInboundPayload + 2 * 65_535 + 65_536
    /// The largest payload that any MQTT packet can carry, less room for its topic and properties.
    static let largestOutboundPayload = 268_435_455 - 2 * 65_535
    /// How many messages at QoS 1 the server may send ahead of our PUBACKs: more than one run of reads takes.
    static let receiveMaximum: Int32 = 1024

    var configuration: BrokerConfiguration
    var will: StatusMessage?
    var subscriptions = SubscriptionTable()
    var sourceCount = 0
    var sinks: [PublishSettings] = []

    /// A packet that grows beyond this ends the connection.
    ///
    /// A 3.1.1 server can't be told a limit: what is too large is read and rejected, or it would come again and again.
    var largestPacket: Int {
        configuration.protocolVersion == .v5 ? Self.largestInboundPacket : 268_435_455 + 5
    }

    /// The parts that a connection carries besides data.
    var statusParts: Set<StatusPart> {
        var parts: Set<StatusPart> = will == nil ? [] : [.will, .retain, .topics]
        for (index, subscription) in subscriptions.subscriptions.enumerated() {
            parts.insert(subscription.sources.isEmpty ? .commands : .subscription(index))
        }
        if sinks.contains(where: \.retain) { parts.insert(.retain) }
        return parts
    }

    var endpoint: String {
        let scheme = configuration.isSecure ? "mqtts" : "mqtt"
        return "\(scheme)://\(HostName.bracketed(configuration.host)):\(configuration.port)"
    }

    /// What makes every attempt pointless; `nil` if nothing does.
    var complaint: String? {
        let texts = [
            (configuration.clientID, "client_id"), (configuration.username ?? "", "username"),
            (configuration.host, "host"),
            (will?.topic ?? "", "the last will's topic"),
        ]
        for (text, name) in texts {
            if let problem = MQTTText.problem(with: text) { return "\(name) \(problem)" }
        }
        if configuration.clientID.isEmpty, !configuration.cleanSession {
            return "a session needs a client_id: set one, or clean_session: true"
        }
        if let will, will.payload.readableBytes > 65_535 { return "the last will is larger than 65,535 bytes" }
        return nil
    }

    /// How long the acknowledgements of what was received may wait for the spool: pings wait with them.
    var longestAcceptance: TimeAmount {
        let seconds = Int64(keepAliveSeconds)
        return seconds == 0 ? .seconds(10) : min(.seconds(10), .milliseconds(seconds * 500))
    }

    /// As CONNECT carries it (MQTT 5, section 3.1.2.11.2); the largest value would mean for ever.
    var sessionExpirySeconds: UInt32 {
        UInt32(clamping: min(max(configuration.sessionExpiry.components.seconds, 1), Int64(UInt32.max) - 1))
    }

    /// In whole seconds as CONNECT carries it: 0 = off, else at least the library's least, 5 s.
    var keepAliveSeconds: Int32 {
        let seconds = configuration.keepAlive.components.seconds
        return seconds == 0 ? 0 : Int32(min(max(seconds, 5), 65_535))
    }
}

/// How one sink publishes.
struct PublishSettings: Sendable {
    var name: String
    var qos: Int32
    var retain: Bool
    /// Whole seconds.
    var expiry: UInt32?
    /// In milliseconds: each message expires with what is left of it.
    var ttl: Int64?
    var contentType: String?
    /// The gateway's own id, told with what came by MQTT.
    var instance = ""
    /// Told with each message.
    var connection: String?
    var tellsReceipt = false
    /// `nil` = each message brings its own.
    var literalTopic: String?
}
