import NIOCore

/// Decides when the next connection is made, before the credentials of the present one run out.
///
/// Harmless races that are ignored: a timer that fires after the connection it was set for has ended.
struct RenewalStateMachine {
    enum State: Equatable {
        /// No connection, or none that is to be renewed. Next: `waiting`.
        case idle
        /// Until it is time. Next: `renewing`, `idle`.
        case waiting(until: NIODeadline)
        /// The next connection is being made. Next: `waiting` (it failed, or took over), `idle`.
        case renewing
    }

    private(set) var state = State.idle
    /// How long before the end; `nil` = never.
    private let lead: TimeAmount?
    private var backoff: Backoff
    private var failures = 0

    init(before lead: TimeAmount?, initialDelay: TimeAmount, maxDelay: TimeAmount) {
        self.lead = lead
        backoff = Backoff(initialDelay: initialDelay, maxDelay: maxDelay)
    }

    enum EstablishedAction: Equatable, Sendable {
        case wait(until: NIODeadline)
        /// The credentials last no longer than the lead: half of their time is waited for.
        case waitForHalf(of: TimeAmount, until: NIODeadline)
        /// Nobody knows when they run out.
        case sayUnknown
        /// They say that they ran out, though the server took them.
        case sayExpired
        case doNothing
    }

    /// A connection is there, made with credentials that run out at `expires`.
    mutating func established(expires: NIODeadline?, now: NIODeadline) -> EstablishedAction {
        state = .idle
        failures = 0
        backoff.reset()
        guard let lead else { return .doNothing }
        guard let expires else { return .sayUnknown }
        guard expires > now else { return .sayExpired }
        let left = expires - now
        if left > lead {
            return .wait(until: wait(left - lead, now: now))
        }
        // Never at once: a server that hands out such tokens would be asked without end.
        let half = max(TimeAmount.seconds(1), .nanoseconds(left.nanoseconds / 2))
        return .waitForHalf(of: left, until: wait(half, now: now))
    }

    enum TimerAction: Equatable, Sendable {
        case startRenewal
        case doNothing
    }

    mutating func timerFired() -> TimerAction {
        guard case .waiting = state else { return .doNothing }
        state = .renewing
        return .startRenewal
    }

    /// The next connection could not be made, or there is no newer credential yet; returns when to try again.
    mutating func failed(
        _ remedy: ConnectionFailure.Remedy,
        retryAfter: TimeAmount? = nil,
        now: NIODeadline,
        using generator: inout some RandomNumberGenerator
    ) -> NIODeadline {
        failures += 1
        let isSlow: Bool
        switch remedy {
        case .waiting: isSlow = false
        case .person, .otherCredentials: isSlow = true
        case .credentials, .freshCredentials: isSlow = failures > 1
        }
        let delay =
            isSlow
            ? backoff.slow(using: &generator)
            // Unlike a reconnect it has time.
            : max(backoff.next(using: &generator), TimeAmount.milliseconds(100))
        return wait(max(delay, retryAfter ?? TimeAmount.zero), now: now)
    }

    /// The connection has ended, or is to.
    mutating func ended() {
        state = .idle
    }

    private mutating func wait(_ delay: TimeAmount, now: NIODeadline) -> NIODeadline {
        let until = now + delay
        state = .waiting(until: until)
        return until
    }
}
