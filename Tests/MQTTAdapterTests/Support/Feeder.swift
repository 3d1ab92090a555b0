import BridgeCore
import NIOConcurrencyHelpers
import NIOCore

/// Stands in for a route's queue: offers its messages in order, and notes what became of them.
final class Feeder: SinkClient {
    /// Readable from any thread.
    final class Log: Sendable {
        struct Entries {
            var outcomes: [Outcome] = []
            var losses = 0
            var largestFlight = 0
        }

        let entries = NIOLockedValueBox(Entries())

        var outcomes: [Outcome] { entries.withLockedValue { $0.outcomes } }
        var settled: Int { entries.withLockedValue { $0.outcomes.count } }
        var losses: Int { entries.withLockedValue { $0.losses } }
        var largestFlight: Int { entries.withLockedValue { $0.largestFlight } }
    }

    struct Message {
        var payload: [UInt8]
        var kind = MessageKind.undeclared
        var topic = ""
        var hops = 0
        var gateways: [String] = []
    }

    let log: Log
    let sink: any Sink
    private var messages: [Message] = []
    /// The next to be offered.
    private var next = 0
    /// The oldest that is not settled.
    private var first = 0
    private var isWilling = false
    private var isOffering = false

    init(_ sink: any Sink, log: Log) {
        self.sink = sink
        self.log = log
        sink.client = self
    }

    func feed(_ more: [Message]) {
        messages += more
        offer()
    }

    private func offer() {
        guard !isOffering else { return }
        isOffering = true
        defer { isOffering = false }
        while isWilling, next < messages.count {
            let batch = Self.batch(messages[next..<min(next + 256, messages.count)])
            let intake = sink.take(batch)
            next += intake.taken
            log.entries.withLockedValue { $0.largestFlight = max($0.largestFlight, next - first) }
            if intake.taken < batch.count { isWilling = false }
        }
    }

    private static func batch(_ messages: ArraySlice<Message>) -> MessageBatch {
        var bytes = ByteBuffer()
        var entries: ContiguousArray<MessageBatch.Entry> = []
        for message in messages {
            let topicOffset = bytes.writerIndex
            bytes.writeString(message.topic)
            let properties = CarriedProperties.encode(gateways: message.gateways)
            bytes.writeBytes(properties)
            let offset = bytes.writerIndex
            bytes.writeBytes(message.payload)
            var entry = MessageBatch.Entry(
                payloadOffset: offset,
                payloadLength: message.payload.count,
                topicOffset: topicOffset,
                topicLength: message.topic.utf8.count,
                kind: message.kind
            )
            entry.propertiesLength = UInt16(properties.count)
            entry.flags.hops = message.hops
            entries.append(entry)
        }
        return MessageBatch(bytes: bytes, entries: entries, receivedAt: .now())
    }

    func sinkIsReady() {
        isWilling = true
        offer()
    }

    func settle(_ count: Int, as outcome: Outcome) {
        first += count
        precondition(first <= next, "settled more than was taken")
        log.entries.withLockedValue { $0.outcomes += Array(repeating: outcome, count: count) }
        offer()
    }

    func sinkLostWhatWasInFlight() {
        isWilling = false
        next = first
        log.entries.withLockedValue { $0.losses += 1 }
    }

    func sinkFailed(because explanation: String) {}

    func sinkIsAway(because reason: DropReason) {
        isWilling = false
    }
}
