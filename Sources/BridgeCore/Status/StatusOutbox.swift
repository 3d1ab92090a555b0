package import NIOCore

/// What waits to be published on the status topics, in the order of what happened.
///
/// Of a retained topic only the latest value counts; events wait, at most `eventLimit` of them, while the broker is
/// away.
package struct StatusOutbox: Sendable {
    package static let eventLimit = 256

    private struct Numbered: Sendable {
        var number: Int
        var message: StatusMessage
    }

    private var next = 0
    /// The latest value of every retained topic.
    private var latest: [String: Numbered] = [:]
    /// What waits, oldest first; a retained value that was replaced since still stands here and is passed over.
    private var waiting = CircularBuffer<Numbered>()
    private var waitingEvents = 0
    /// Events that went because too many waited.
    package private(set) var lostEvents = 0

    package init() {}

    /// A retained topic has a new value.
    package mutating func set(_ topic: String, _ payload: ByteBuffer, qos: Int) {
        let numbered = number(StatusMessage(topic: topic, payload: payload, qos: qos, retain: true))
        latest[topic] = numbered
        waiting.append(numbered)
        if waiting.count > 2 * (latest.count + waitingEvents) + 64 {
            waiting = CircularBuffer(waiting.filter(isCurrent))
        }
    }

    /// Something happened, to be told once.
    package mutating func event(_ topic: String, _ payload: ByteBuffer) {
        if waitingEvents == Self.eventLimit, let oldest = waiting.firstIndex(where: { !$0.message.retain }) {
            waiting.remove(at: oldest)
            waitingEvents -= 1
            lostEvents += 1
        }
        waiting.append(number(StatusMessage(topic: topic, payload: payload, qos: 1, retain: false)))
        waitingEvents += 1
    }

    /// The broker connected: every retained topic is to be published again.
    package mutating func brokerConnected() {
        let events = waiting.filter { !$0.message.retain }
        waiting = CircularBuffer((latest.values + events).sorted { $0.number < $1.number })
    }

    /// The oldest message that waits.
    package mutating func oldest() -> StatusMessage? {
        while let first = waiting.first, !isCurrent(first) { waiting.removeFirst() }
        return waiting.first?.message
    }

    /// The oldest message was published.
    package mutating func publishedOldest() {
        guard let message = oldest() else { return }
        waiting.removeFirst()
        if !message.retain { waitingEvents -= 1 }
    }

    private mutating func number(_ message: StatusMessage) -> Numbered {
        next += 1
        return Numbered(number: next, message: message)
    }

    private func isCurrent(_ entry: Numbered) -> Bool {
        !entry.message.retain || latest[entry.message.topic]?.number == entry.number
    }
}
