package import Logging
package import NIOCore

/// How the gateway gets its brokers, UDP sockets and FIFOs: the adapters' constructors, handed in by the executable.
package struct AdapterFactory: Sendable {
    package typealias Make<Configuration, Product> =
        @Sendable (_ configuration: Configuration, _ eventLoop: any EventLoop, _ log: Logger) -> Product

    package var broker: Make<BrokerConfiguration, any Broker>
    package var udpSource: Make<UDPSourceConfiguration, any Source>
    package var udpSink: Make<UDPSinkConfiguration, any Sink>
    package var fifoSource: Make<FIFOSourceConfiguration, any Source>
    package var fifoSink: Make<FIFOSinkConfiguration, any Sink>

    package init(
        broker: @escaping Make<BrokerConfiguration, any Broker>,
        udpSource: @escaping Make<UDPSourceConfiguration, any Source>,
        udpSink: @escaping Make<UDPSinkConfiguration, any Sink>,
        fifoSource: @escaping Make<FIFOSourceConfiguration, any Source>,
        fifoSink: @escaping Make<FIFOSinkConfiguration, any Sink>
    ) {
        self.broker = broker
        self.udpSource = udpSource
        self.udpSink = udpSink
        self.fifoSource = fifoSource
        self.fifoSink = fifoSink
    }
}
