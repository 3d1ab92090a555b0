/// Why an attempt or a connection ended, in words for the operator, and how soon to try again.
struct ConnectionFailure: Error, Equatable, Sendable {
    enum Lane: Equatable, Sendable {
        /// It may work at the next attempt.
        case soon
        /// A person must put something right: tried again, but slowly.
        case slow
    }

    var reason: String
    var lane: Lane

    init(_ reason: String, lane: Lane = .soon) {
        self.reason = reason
        self.lane = lane
    }

    /// A CONNACK or DISCONNECT with a failure code.
    init(verb: String, _ code: ReasonCode) {
        let advice = code.advice.map { "; \($0)" } ?? ""
        self.init("\(verb): \(code)\(advice)", lane: code.needsAPerson ? .slow : .soon)
    }
}
