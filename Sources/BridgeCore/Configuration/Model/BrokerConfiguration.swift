package import TLS

/// One entry of `mqtt:` an MQTT connection.
package struct BrokerConfiguration: Sendable, Hashable {
    package enum ProtocolVersion: String, Sendable, Hashable, CaseIterable {
        case v5 = "5"
        case v311 = "3.1.1"
    }

    package var name: String
    /// mqtts.
    package var isSecure: Bool
    package var host: String
    /// Default 1883, with mqtts 8883.
    package var port: Int
    package var protocolVersion = ProtocolVersion.v5
    /// Default: `wsbridge-<instance>-<name>`.
    package var clientID: String
    /// The gateway's own id: how it knows what came through it before.
    package var instance = ""
    package var username: String?
    package var password: Secret?
    package var keepAlive: Duration = .seconds(30)
    package var cleanSession = false
    /// The time for which the broker keeps the session while the gateway is away, in whole seconds; with MQTT 5 only.
    package var sessionExpiry: Duration = .seconds(168 * 3600)
    package var maxInflight = 100
    package var connectTimeout: Duration = .seconds(10)
    /// Topic filters: where requests may be answered (S9); empty = nowhere.
    package var responseTopics: [String] = []
    package var tls = TLSConfiguration()

    package init(name: String, isSecure: Bool, host: String, port: Int, clientID: String) {
        self.name = name
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.clientID = clientID
    }
}
