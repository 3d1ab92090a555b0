import TLS

/// Why a connection's last attempts and connections failed, and when: a few of them.
struct FailureHistory {
    static let most = 5
    static let longestReason = 300

    /// The oldest first.
    private(set) var entries: [FailurePayload] = []

    mutating func add(_ reason: String, at time: Timestamp) {
        if entries.count == Self.most { entries.removeFirst() }
        entries.append(FailurePayload(at: time.description, reason: readable(reason, limit: Self.longestReason)))
    }
}

/// One failure in the stats.
package struct FailurePayload: Codable, Sendable, Equatable {
    package var at: String
    package var reason: String
}
