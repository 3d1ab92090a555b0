package import NIOCore

/// The time during which we could have seen what the server sent: it stands still while reading is paused, and while
/// the process or the machine itself stood still.
///
/// Deadlines of answers run on this clock, so that a server is never blamed for what waits unread in the socket.
package struct ReadingClock: Sendable, Equatable {
    /// A timer that fires so much too late tells that the process was stopped, the machine suspended, or the event loop
    /// starved.
    package static let tolerance = TimeAmount.milliseconds(500)
    /// How long is read on after standing still, before anything is judged.
    package static let grace = TimeAmount.seconds(1)

    /// How far it is behind the real clock.
    private var lag = TimeAmount.zero
    private var pausedAt: NIODeadline?

    package init() {}

    package var isPaused: Bool { pausedAt != nil }

    /// What it shows at a real time.
    package func time(at now: NIODeadline) -> NIODeadline { (pausedAt ?? now) - lag }

    /// When it will show this time, on the real clock; `nil` while it stands still.
    package func realTime(of time: NIODeadline) -> NIODeadline? { isPaused ? nil : time + lag }

    package mutating func paused(now: NIODeadline) {
        pausedAt = pausedAt ?? now
    }

    package mutating func resumed(now: NIODeadline) {
        guard let start = pausedAt else { return }
        pausedAt = nil
        lag = lag + (now - start)
    }

    /// Asked at this time whether a deadline has passed, and takes back time in which nobody could read.
    ///
    /// - Returns: whether the deadline has passed on this clock.
    package mutating func hasPassed(_ deadline: NIODeadline, now: NIODeadline) -> Bool {
        guard !isPaused, time(at: now) >= deadline else { return false }
        let lateness = time(at: now) - deadline
        guard lateness > Self.tolerance else { return true }
        lag = lag + lateness + Self.grace
        return false
    }
}
