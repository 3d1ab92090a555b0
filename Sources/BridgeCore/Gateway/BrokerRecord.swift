/// What the gateway remembers of a broker, for stats.
struct BrokerRecord {
    var state: BrokerState = .connecting
    var since: Timestamp = .now()
    var rejected: [RejectReason: Int] = [:]
    /// Whether the first attempt has ended, well or not.
    var hasAttempted = false

    mutating func changed(to state: BrokerState, at now: Timestamp) {
        if state.word != self.state.word { since = now }
        self.state = state
        switch state {
        case .connected, .backoff: hasAttempted = true
        case .connecting, .stopped: break
        }
    }

    mutating func reject(_ count: Int = 1, because reason: RejectReason) {
        rejected[reason, default: 0] += count
    }

    var stats: BrokerStats {
        var reason: String?
        if case .backoff(let explanation, _) = state { reason = explanation }
        return BrokerStats(state: state.word, since: since.description, reason: reason, rejected: rejected.byWord)
    }
}
