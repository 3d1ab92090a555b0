import BridgeCore
import FIFOAdapter
import MQTTAdapter
import UDPAdapter

extension AdapterFactory {
    /// The adapters that this program is built with.
    static let standard = AdapterFactory(
        broker: {
            MQTTBroker(configuration: $0, eventLoop: $1, logger: $2) { try SecretReader.read($0, for: .mqttPassword) }
        },
        udpSource: { UDPSource(configuration: $0, eventLoop: $1, logger: $2) },
        udpSink: { UDPSink(configuration: $0, eventLoop: $1, logger: $2) },
        fifoSource: { FIFOSource(configuration: $0, eventLoop: $1, logger: $2) },
        fifoSink: { FIFOSink(configuration: $0, eventLoop: $1, logger: $2) }
    )
}
