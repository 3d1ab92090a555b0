import TLS
import WSClient

// Names and addresses, which have no default, are empty here.

extension GatewayConfiguration: Defaulted {
    static let defaults = GatewayConfiguration(instance: "", controlSocket: "")
}

extension ConnectionConfiguration: Defaulted {
    static let defaults = ConnectionConfiguration(name: "", endpoint: .defaults)
}

extension WebSocketURL: Defaulted {
    static let defaults = nowhere
}

extension ReconnectConfiguration: Defaulted {
    static let defaults = ReconnectConfiguration()
}

extension KeepAliveConfiguration: Defaulted {
    static let defaults = KeepAliveConfiguration()
}

extension CompressionConfiguration: Defaulted {
    static let defaults = CompressionConfiguration()
}

extension HeartbeatConfiguration: Defaulted {
    static let defaults = HeartbeatConfiguration()
}

extension SessionStep: Defaulted {
    static let defaults = SessionStep()
}

extension TokenCommandConfiguration: Defaulted {
    static let defaults = TokenCommandConfiguration(arguments: [])
}

extension OAuthConfiguration: Defaulted {
    static let defaults = OAuthConfiguration(
        tokenEndpoint: TokenEndpointAddress(.nowhere),
        clientID: "",
        clientSecret: .literal("")
    )
}

extension TLSConfiguration: Defaulted {
    static let defaults = TLSConfiguration()
}

extension BrokerConfiguration: Defaulted {
    static let defaults = BrokerConfiguration(name: "", isSecure: false, host: "", port: 1883, clientID: "")
}

extension WebConfiguration: Defaulted {
    static let defaults = WebConfiguration()
}

extension LogConfiguration: Defaulted {
    static let defaults = LogConfiguration()
}

extension RouteConfiguration: Defaulted {
    static let defaults = RouteConfiguration(name: "", source: .connection(name: ""), match: nil, sinks: [])
}

extension ReplyConfiguration: Defaulted {
    static let defaults = ReplyConfiguration()
}

extension QueueConfiguration: Defaulted {
    static let defaults = QueueConfiguration()
}

extension MQTTSourceConfiguration: Defaulted {
    static let defaults = MQTTSourceConfiguration(broker: "", topicFilter: "")
}

extension UDPSourceConfiguration: Defaulted {
    static let defaults = UDPSourceConfiguration(address: UDPAddress(host: "", port: 0))
}

extension FIFOSourceConfiguration: Defaulted {
    static let defaults = FIFOSourceConfiguration(path: "")
}

extension ConnectionSinkConfiguration: Defaulted {
    static let defaults = ConnectionSinkConfiguration(connection: "")
}

extension MQTTSinkConfiguration: Defaulted {
    static let defaults = MQTTSinkConfiguration(broker: "", topic: "")
}

extension UDPSinkConfiguration: Defaulted {
    static let defaults = UDPSinkConfiguration(address: UDPAddress(host: "", port: 0))
}

extension FIFOSinkConfiguration: Defaulted {
    static let defaults = FIFOSinkConfiguration(path: "")
}
