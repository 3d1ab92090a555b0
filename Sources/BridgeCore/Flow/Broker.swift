package import NIOCore

/// One MQTT connection as the core sees it: it makes sources and sinks, and carries status and commands.
///
/// Used on the gateway's event loop only; an adapter supplies it.
package protocol Broker: AnyObject {
    /// The broker's name in the configuration.
    var name: String { get }

    /// Told of state changes and of commands. Set once before `start()`; held weakly.
    var client: (any BrokerClient)? { get set }

    /// A source of the messages of one topic filter. Call before `start()`.
    func makeSource(_ configuration: MQTTSourceConfiguration) -> any Source

    /// A sink that publishes to a topic template. Call before `start()`.
    func makeSink(_ configuration: MQTTSinkConfiguration, context: TemplateContext) -> any Sink

    /// Publishes and subscribes for the status topics, with this last will. Call before `start()`.
    func carryStatus(will: StatusMessage, commandFilter: String)

    /// Connects, and keeps connected until `stop`.
    func start()

    /// Publishes a status message, after all earlier ones. While not connected it is not taken: returns false.
    func publish(_ message: StatusMessage) -> Bool

    /// Publishes an answer to a request. Not taken while not connected, or while so many status messages, or bytes of
    /// answers, are under way that more would keep the gateway's own waiting: returns false.
    func respond(_ message: StatusMessage) -> Bool

    /// Publishes `farewell`, waits for their acknowledgement at most until the deadline, disconnects.
    func stop(farewell: [StatusMessage], deadline: NIODeadline, completion: @escaping () -> Void)
}

/// What a broker tells the core.
///
/// Used on the gateway's event loop only.
package protocol BrokerClient: AnyObject {
    func broker(_ name: String, changedTo state: BrokerState)

    /// A message on the command filter. Retained ones come too, marked.
    func broker(_ name: String, received command: BrokerCommand)

    /// So many answers that were taken won't arrive: the connection ended before they left, or they were refused.
    func broker(_ name: String, lostAnswers count: Int)

    /// So many status messages that were taken won't arrive: the broker refused them, or ended the connection over them.
    func broker(_ name: String, refusedStatus count: Int)
}

/// A message on the command filter.
package struct BrokerCommand: Sendable, Hashable {
    package var topic: String
    package var payload: ByteBuffer
    package var isRetained: Bool
    /// Where its sender wants an answer.
    package var response: ResponseAddress?

    package init(topic: String, payload: ByteBuffer, isRetained: Bool, response: ResponseAddress? = nil) {
        self.topic = topic
        self.payload = payload
        self.isRetained = isRetained
        self.response = response
    }
}

/// A broker connection's state, as published in stats.
package enum BrokerState: Sendable, Hashable {
    case connecting
    /// CONNACK accepted and all subscriptions acknowledged.
    case connected
    /// Not connected; what failed in words, and when the next attempt begins.
    case backoff(reason: String, next: NIODeadline)
    case stopped

    /// The word in stats.
    package var word: String {
        switch self {
        case .connecting: "connecting"
        case .connected: "connected"
        case .backoff: "backoff"
        case .stopped: "disconnected"
        }
    }
}

/// One message on a status topic.
package struct StatusMessage: Sendable, Hashable {
    package var topic: String
    package var payload: ByteBuffer
    /// 0 or 1.
    package var qos: Int
    package var retain: Bool
    /// There if it answers a request.
    package var answer: AnswerProperties?

    package init(topic: String, payload: ByteBuffer, qos: Int, retain: Bool) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
    }
}

/// What a topic template may name beside the message: `{connection}`, `{instance}`, `{route}`.
package struct TemplateContext: Sendable, Hashable {
    package var instance: String
    package var route: String
    /// The source connection's name; `nil` where the source is no connection.
    package var connection: String?

    package init(instance: String, route: String, connection: String?) {
        self.instance = instance
        self.route = route
        self.connection = connection
    }
}
