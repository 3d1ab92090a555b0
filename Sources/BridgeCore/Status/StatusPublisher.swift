import Logging
package import NIOCore

/// Publishes status topics through a broker, in order, and again after each of its connects.
///
/// Used on the gateway's event loop only.
package final class StatusPublisher {
    package let topics: StatusTopics
    private let broker: any Broker
    private var outbox = StatusOutbox()
    private var isConnected = false

    package init(topics: StatusTopics, broker: any Broker) {
        self.topics = topics
        self.broker = broker
        broker.carryStatus(will: Self.presence("offline", topics), commandFilter: topics.commandFilter)
    }

    /// What `<base>/status` says, retained.
    private static func presence(_ word: String, _ topics: StatusTopics) -> StatusMessage {
        StatusMessage(topic: topics.status, payload: ByteBuffer(string: word), qos: 1, retain: true)
    }

    /// Whether the status topics go through this broker.
    package func isCarried(by broker: any Broker) -> Bool { broker === self.broker }

    /// Whether the status topics go through the broker of this name.
    package func isCarried(byBrokerNamed name: String) -> Bool { broker.name == name }

    package var lostEvents: Int { outbox.lostEvents }

    /// A retained topic has a new value.
    package func set(_ topic: String, _ payload: ByteBuffer, qos: Int = 1) {
        outbox.set(topic, payload, qos: qos)
        flush()
    }

    /// Something happened, to be told once.
    package func event(_ topic: String, _ payload: ByteBuffer) {
        outbox.event(topic, payload)
        flush()
    }

    package func brokerConnected() {
        isConnected = broker.publish(Self.presence("online", topics))
        outbox.brokerConnected()
        flush()
    }

    package func brokerDisconnected() {
        isConnected = false
    }

    /// Publishes what waits, as far as the broker takes it.
    package func flush() {
        while isConnected, let message = outbox.oldest(), broker.publish(message) { outbox.publishedOldest() }
    }

    /// The last messages before the gateway goes: what waits, the last stats, `offline`.
    package func farewell(stats: ByteBuffer) -> [StatusMessage] {
        var messages: [StatusMessage] = []
        while let message = outbox.oldest() {
            messages.append(message)
            outbox.publishedOldest()
        }
        messages.append(StatusMessage(topic: topics.stats, payload: stats, qos: 1, retain: true))
        messages.append(Self.presence("offline", topics))
        return messages
    }
}
