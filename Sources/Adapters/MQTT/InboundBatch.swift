import BridgeCore
import NIOCore

/// What one run of reads received: the bytes once, and per source which messages are its own.
struct InboundBatch: Sendable {
    struct Rejection: Sendable, Equatable {
        var source: Int
        var reason: RejectReason
        var count: Int
    }

    /// A run ends when it holds so many messages or bytes.
    static let mostMessages = 256
    static let mostBytes = 256 << 10

    private(set) var bytes: ByteBuffer
    private(set) var entries: [ContiguousArray<MessageBatch.Entry>]
    private(set) var commands: [BrokerCommand] = []
    private(set) var rejections: [Rejection] = []
    private(set) var count = 0
    /// Whether it holds messages whose PUBACK waits for the batch to be accepted.
    private(set) var isAcknowledged = false

    /// With room for `capacity` bytes: what the last one needed, the next will be alike.
    init(sources: Int, capacity: Int = 0) {
        bytes = ByteBufferAllocator().buffer(capacity: min(capacity, Self.mostBytes))
        entries = Array(repeating: [], count: sources)
    }

    var isEmpty: Bool { count == 0 }

    var isFull: Bool { count >= Self.mostMessages || bytes.readableBytes >= Self.mostBytes }

    /// One more message was read, whoever wants it.
    mutating func countMessage(qos: Int32) {
        count += 1
        if qos > 0 { isAcknowledged = true }
    }

    /// Copies a message's topic, `CarriedProperties` and payload; returns the entry for those who want it.
    mutating func store(
        topic: UnsafeRawBufferPointer,
        properties: [UInt8],
        payload: UnsafeRawBufferPointer,
        kind: MessageKind
    ) -> MessageBatch.Entry {
        let topicOffset = bytes.writerIndex
        bytes.writeBytes(topic)
        if !properties.isEmpty { bytes.writeBytes(properties) }
        let payloadOffset = bytes.writerIndex
        bytes.writeBytes(payload)
        var entry = MessageBatch.Entry(
            payloadOffset: payloadOffset,
            payloadLength: payload.count,
            topicOffset: topicOffset,
            topicLength: topic.count,
            kind: kind
        )
        entry.propertiesLength = UInt16(clamping: properties.count)
        return entry
    }

    mutating func append(_ entry: MessageBatch.Entry, to source: Int) {
        entries[source].append(entry)
    }

    mutating func append(_ command: BrokerCommand) {
        commands.append(command)
    }

    mutating func reject(from source: Int, because reason: RejectReason) {
        if let index = rejections.firstIndex(where: { $0.source == source && $0.reason == reason }) {
            rejections[index].count += 1
        } else {
            rejections.append(Rejection(source: source, reason: reason, count: 1))
        }
    }

    /// One source's messages, in the order of arrival.
    func batch(for source: Int, receivedAt: NIODeadline) -> MessageBatch {
        MessageBatch(bytes: bytes, entries: entries[source], receivedAt: receivedAt)
    }
}
