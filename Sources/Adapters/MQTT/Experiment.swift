import NIOCore

/// A connection that is to prove something by standing: without a suspect, or with it alone.
struct Experiment: Equatable, Sendable {
    /// The moment at which it has stood long enough.
    private(set) var deadline: NIODeadline
    /// The moment at which a ping was sent on it, once it had stood long enough.
    var pingedAt: NIODeadline?
    /// The ping is answered by then, or the server doesn't live.
    var limit: NIODeadline? { pingedAt.map { $0 + .seconds(10) } }
    private let time: TimeAmount
    /// The moment from which a message behind the accused may take its place: others, with no order between them, come first.
    let yieldAt: NIODeadline
    /// True once a message was published on it.
    private(set) var hasPublished = false
    /// True if messages wait that were not allowed to take the place of the accused.
    var leavesOthers = false

    init(time: TimeAmount, now: NIODeadline) {
        self.time = time
        deadline = now + time
        yieldAt = now + .nanoseconds(time.nanoseconds / 2)
    }

    mutating func published(now: NIODeadline) {
        hasPublished = true
        deadline = now + time
        pingedAt = nil
    }
}
