/// What a queue does when it can hold no more: `when_full`, and for a sink that is away its own rule.
package struct QueuePolicy: Sendable, Hashable {
    package enum WhenFull: Sendable, Hashable {
        /// Pauses the source. What was read already is still kept.
        case block
        case dropOldest
        case dropNewest
        /// The store keeps one message a key; the oldest go where even those are too many.
        case conflate
    }

    package var whenFull: WhenFull
    /// In effect instead while the sink says it is away, with the reason that it gave; `nil` = `whenFull` stays.
    package var whenAway: WhenFull?
    /// In bytes: payload + topic + properties + 64 a message.
    package var maxBytes: Int

    /// Older messages expire; `nil` = never, in milliseconds.
    package var ttl: Int64?

    package init(whenFull: WhenFull, whenAway: WhenFull? = nil, maxBytes: Int, ttl: Int64? = nil) {
        self.whenFull = whenFull
        self.ttl = ttl
        self.whenAway = whenAway
        self.maxBytes = maxBytes
    }

    /// The policy of a configured queue in front of a configured sink.
    package init(_ queue: QueueConfiguration, for sink: SinkConfiguration) {
        whenFull =
            switch queue.whenFull {
            case .block: .block
            case .dropOldest: .dropOldest
            case .conflate: .conflate
            case .dropNewest: .dropNewest
            }
        maxBytes = queue.maxBytes
        ttl = queue.ttl.map { $0.components.seconds * 1000 + $0.components.attoseconds / 1_000_000_000_000_000 }
        if case .fifo(let fifo) = sink, fifo.noReader != .block, !queue.isWhenFullWritten { whenAway = .dropOldest }
    }

    /// A blocking queue pauses its source from here on.
    package var highWater: Int { maxBytes / 4 * 3 }

    /// A blocking queue lets its source go on from here down.
    package var lowWater: Int { maxBytes / 2 }
}
