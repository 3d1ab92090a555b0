import BridgeCore
import Logging
import NIOCore

/// Publishes one route's messages.
///
/// Used on the gateway's event loop only.
final class MQTTSink: Sink {
    /// What may be under way to the thread, the library and the server.
    static let mostBytes = 1 << 20
    static let mostMessages = 4096
    /// At QoS 1 and 2 so many are, whatever their size: one that the broker ends the connection over is told from those
    /// behind it.
    static let leastMessages = 8
    /// A message's own cost beside its payload.
    private static let overhead = 64

    let name: String
    let settlesLater = true
    weak var client: (any SinkClient)?
    weak var broker: MQTTBroker?
    let settings: PublishSettings
    private let index: Int
    private let template: BoundTopicTemplate?
    /// The topics that hold a retained message of this sink; `nil` where it retains none.
    private var retainedTopics: TopicCardinality?
    private var hasToldTopicLimit = false
    private let mostMessages: Int
    private let logger: Logger
    private var epoch: UInt32?
    /// The sizes of what is under way, oldest first.
    private var sizes = CircularBuffer<UInt32>()
    private var bytes = 0
    private var isFull = false
    private var isStopping = false
    private var stopCompletions: [() -> Void] = []

    init(
        _ configuration: MQTTSinkConfiguration,
        context: TemplateContext,
        index: Int,
        maxInflight: Int,
        logger: Logger
    ) {
        name = "mqtt:\(configuration.broker)"
        self.index = index
        var logger = logger
        logger[metadataKey: "route"] = "\(context.route)"
        logger[metadataKey: "sink"] = "\(name)"
        self.logger = logger
        retainedTopics = configuration.retain ? TopicCardinality() : nil
        mostMessages = Self.mostMessages + maxInflight
        template = (try? TopicTemplate(configuration.topic))?.bound(to: context)
        settings = PublishSettings(
            name: name,
            qos: Int32(min(max(configuration.qos, 0), 2)),
            retain: configuration.retain,
            expiry: configuration.expiry.map { UInt32(clamping: $0.components.seconds) },
            ttl: configuration.remainderOf.map {
                $0.components.seconds * 1000 + $0.components.attoseconds / 1_000_000_000_000_000
            },
            contentType: configuration.contentType,
            instance: context.instance,
            connection: configuration.userProperties.contains(.connection) ? context.connection : nil,
            tellsReceipt: configuration.userProperties.contains(.receivedAt),
            literalTopic: template?.literal
        )
    }

    func start() {}

    func take(_ batch: MessageBatch) -> Intake {
        guard let epoch, !isStopping, let broker, let template else { return Intake() }
        let count = fitting(batch)
        isFull = count < batch.count
        guard count > 0 else { return Intake() }
        broker.publish(
            PublishOrder(
                sink: index,
                epoch: epoch,
                batch: batch,
                count: count,
                topics: template.literal == nil ? render(batch, count, template) : RenderedTopics()
            )
        )
        return Intake(taken: count)
    }

    /// The number that may go out in addition; a single one always may.
    private func fitting(_ batch: MessageBatch) -> Int {
        var count = 0
        let least = settings.qos > 0 ? Self.leastMessages : 1
        for entry in batch.entries {
            let size = Int(entry.payloadLength) + Self.overhead
            guard sizes.count < least || (sizes.count < mostMessages && bytes + size <= Self.mostBytes) else { break }
            sizes.append(UInt32(truncatingIfNeeded: size))
            bytes += size
            count += 1
        }
        return count
    }

    private func render(_ batch: MessageBatch, _ count: Int, _ template: BoundTopicTemplate) -> RenderedTopics {
        var topics = RenderedTopics()
        topics.offsets.reserveCapacity(count)
        batch.withUnsafeBytes { bytes in
            for index in 0..<count {
                let entry = batch.entries[index]
                let start = topics.bytes.count
                var reason = template.render(
                    payload: UnsafeRawBufferPointer(rebasing: bytes[entry.payload]),
                    sourceTopic: UnsafeRawBufferPointer(rebasing: bytes[entry.topic]),
                    into: &topics.bytes
                )
                if reason == nil, !mayRetain(topics.bytes, from: start) {
                    topics.bytes.removeLast(topics.bytes.count - start)
                    reason = .topicInvalid
                }
                if let reason {
                    topics.append(failure: reason)
                } else {
                    topics.bytes.append(0)
                    topics.offsets.append(UInt32(truncatingIfNeeded: start))
                }
            }
        }
        return topics
    }

    /// Whether a message may stay in the broker at the topic that begins at `start`: a feed can't fill it (S8).
    private func mayRetain(_ topics: [UInt8], from start: Int) -> Bool {
        guard retainedTopics != nil else { return true }
        let isAdmitted = topics.withUnsafeBytes { bytes in
            retainedTopics?.admits(UnsafeRawBufferPointer(rebasing: bytes[start...])) ?? true
        }
        if !isAdmitted, !hasToldTopicLimit {
            hasToldTopicLimit = true
            logger.warning(
                """
                \(TopicCardinality.defaultLimit) topics hold a retained message of this route; messages to further \
                topics are dropped as topic_invalid: make the topic of a value that varies less, or drop `retain`
                """
            )
        }
        return isAdmitted
    }

    // MARK: What the broker says

    func connected(epoch: UInt32) {
        self.epoch = epoch
        isFull = false
        client?.sinkIsReady()
    }

    func settled(_ count: Int, as outcome: Outcome) {
        var left = count
        while left > 0, let size = sizes.popFirst() {
            bytes -= Int(size)
            left -= 1
        }
        client?.settle(count, as: outcome)
        if isFull, bytes <= Self.mostBytes / 2, sizes.count <= mostMessages / 2 {
            isFull = false
            client?.sinkIsReady()
        }
        finishStop()
    }

    func connectionLost() {
        epoch = nil
        sizes.removeAll(keepingCapacity: true)
        bytes = 0
        client?.sinkLostWhatWasInFlight()
        finishStop()
    }

    func stop(completion: @escaping () -> Void) {
        isStopping = true
        stopCompletions.append(completion)
        finishStop()
    }

    private func finishStop() {
        guard isStopping, sizes.isEmpty || epoch == nil else { return }
        let completions = stopCompletions
        stopCompletions = []
        for completion in completions { completion() }
    }
}
