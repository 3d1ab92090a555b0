/// How many messages a kill can repeat: a sink had them, and they lie on disk.
///
/// What is in flight counts, and what has left as long as its removal is not committed. No more than `limit` are let
/// out, so that no more can come twice.
struct RepeatWindow: Sendable, Hashable {
    /// Where nothing is acknowledged: large enough that a disk of some milliseconds a sync keeps pace.
    static let unacknowledged = 4096

    let limit: Int
    /// Settled, but not removed yet.
    private(set) var leaving = 0
    /// How many of those that wait were in flight before; they wait in front.
    private(set) var returned = 0

    init(limit: Int) { self.limit = max(1, limit) }

    /// The limit of a queue in front of a configured sink: `max_inflight`, where messages are acknowledged.
    static func limit(for sink: SinkConfiguration, brokers: [BrokerConfiguration]) -> Int {
        guard case .mqtt(let mqtt) = sink, mqtt.qos > 0,
            let broker = brokers.first(where: { $0.name == mqtt.broker })
        else { return unacknowledged }
        return broker.maxInflight
    }

    /// How many more may be handed to the sink; those that it had already may in any case.
    func room(inFlight: Int) -> Int { max(returned, limit - leaving - inFlight) }

    /// Whether removing is worth a commit of its own: before the window is closed, so that it never closes where the
    /// disk keeps pace.
    var isPressing: Bool { leaving > 0 && leaving >= limit / 2 }

    mutating func took(_ count: Int) { returned = max(0, returned - count) }

    mutating func settled(_ count: Int) { leaving += count }

    /// So many wait again.
    mutating func rewound(_ count: Int) { returned += count }

    /// One that waits behind so many others is let go; returns how many the sink had: one or none.
    mutating func droppedWaiting(behind count: Int = 0) -> Int {
        guard count < returned else { return 0 }
        returned -= 1
        return 1
    }

    mutating func removed(_ count: Int) { leaving = max(0, leaving - count) }
}
