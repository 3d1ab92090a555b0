/// What a queue does when it can hold no more: `when_full`, and for a sink that is away its own rule.
package struct QueuePolicy: Sendable, Hashable {
    package enum WhenFull: Sendable, Hashable {
        /// Pauses the source. What was read already is still kept.
        case block
        case dropOldest
        case dropNewest
    }

    package var whenFull: WhenFull
    /// In effect instead while the sink says it is away, with the reason that it gave; `nil` = `whenFull` stays.
    package var whenAway: WhenFull?
    /// In bytes: payload + topic + 64 a message.
    package var maxBytes: Int

    package init(whenFull: WhenFull, whenAway: WhenFull? = nil, maxBytes: Int) {
        self.whenFull = whenFull
        self.whenAway = whenAway
        self.maxBytes = maxBytes
    }

    /// The policy of a configured queue in front of a configured sink.
    package init(_ queue: QueueConfiguration, for sink: SinkConfiguration) {
        whenFull =
            switch queue.whenFull {
            case .block: .block
            case .dropOldest, .conflate: .dropOldest
            case .dropNewest: .dropNewest
            }
        maxBytes = queue.maxBytes
        if case .fifo(let fifo) = sink {
            whenAway = fifo.noReader == .block ? .block : .dropOldest
        }
    }

    /// A blocking queue pauses its source from here on.
    package var highWater: Int { maxBytes / 4 * 3 }

    /// A blocking queue lets its source go on from here down.
    package var lowWater: Int { maxBytes / 2 }
}
