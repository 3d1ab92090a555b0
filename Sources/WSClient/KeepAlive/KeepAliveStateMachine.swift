import NIOCore

/// Decides when to ping, and when a connection that still looks open is dead: its pong stays away.
///
/// While reading is paused the deadlines stand still, for then we wouldn't see what has arrived; pings are still sent.
/// Harmless races that are ignored: a pong that nobody asked for, one that comes twice, a timer that fires early.
struct KeepAliveStateMachine {
    /// How often to ping, and how long a pong may take.
    struct Pings: Equatable {
        var interval: TimeAmount
        var timeout: TimeAmount
    }

    /// A ping that isn't answered yet; its deadline is on the reading clock.
    private struct Unanswered {
        var number: UInt64
        var deadline: NIODeadline
    }

    private let pings: Pings?
    private var nextPing: NIODeadline?
    private var lastPing: UInt64 = 0
    /// The oldest ping without an answer.
    private var unanswered: Unanswered?
    private var clock = ReadingClock()
    /// When the last ping was sent.
    private(set) var lastPingSent: NIODeadline?
    /// Whether the server ever answered one.
    private(set) var hasSeenPong = false

    init(pings: Pings?, now: NIODeadline) {
        self.pings = pings
        nextPing = pings.map { now + $0.interval }
    }

    /// When `timerFired` has something to decide; `nil` for never.
    var nextDeadline: NIODeadline? {
        [nextPing, unanswered.flatMap { clock.realTime(of: $0.deadline) }].compactMap { $0 }.min()
    }

    enum TimerAction: Equatable, Sendable {
        case doNothing
        case sendPing(number: UInt64)
        /// No pong came in time.
        case giveUpPong(after: TimeAmount)
    }

    mutating func timerFired(now: NIODeadline) -> TimerAction {
        guard let pings else { return .doNothing }
        if let unanswered, clock.hasPassed(unanswered.deadline, now: now) { return .giveUpPong(after: pings.timeout) }
        guard let due = nextPing, now >= due else { return .doNothing }
        nextPing = now + pings.interval
        lastPing += 1
        lastPingSent = now
        if unanswered == nil {
            unanswered = Unanswered(number: lastPing, deadline: clock.time(at: now) + pings.timeout)
        }
        return .sendPing(number: lastPing)
    }

    /// A pong that carries the number of a ping answers that ping and all before it (RFC 6455, section 5.5.3).
    mutating func receivedPong(number: UInt64, now: NIODeadline) {
        guard let pings, let oldest = unanswered, (oldest.number...lastPing).contains(number) else { return }
        hasSeenPong = true
        let deadline = clock.time(at: now) + pings.timeout
        unanswered = number == lastPing ? nil : Unanswered(number: number + 1, deadline: deadline)
    }

    /// A part of a message arrived, behind which a pong has to wait: the link is alive.
    mutating func receivedPart(now: NIODeadline) {
        guard let pings, unanswered != nil else { return }
        unanswered?.deadline = clock.time(at: now) + pings.timeout
    }

    mutating func paused(now: NIODeadline) { clock.paused(now: now) }

    mutating func resumed(now: NIODeadline) { clock.resumed(now: now) }
}
