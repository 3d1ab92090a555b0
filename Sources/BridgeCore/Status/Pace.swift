package import NIOCore

/// When something that changes often may be published: at once, but at most once an interval, the last state included.
package struct Pace: Sendable {
    package enum Action: Sendable, Equatable {
        case publish
        /// A timer is wanted that fires after so long.
        case schedule(after: TimeAmount)
        case doNothing
    }

    private let interval: TimeAmount
    private var publishedAt: NIODeadline?
    /// Whether something new waits for the timer.
    package private(set) var isScheduled = false

    package init(interval: TimeAmount = .seconds(1)) {
        self.interval = interval
    }

    /// There is something new to be published.
    package mutating func changed(now: NIODeadline) -> Action {
        guard !isScheduled else { return .doNothing }
        guard let publishedAt, now < publishedAt + interval else {
            self.publishedAt = now
            return .publish
        }
        isScheduled = true
        return .schedule(after: publishedAt + interval - now)
    }

    /// The timer that was asked for fired, or there is no time to wait for it: publish.
    package mutating func timerFired(now: NIODeadline) {
        isScheduled = false
        publishedAt = now
    }
}
