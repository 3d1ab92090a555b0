import NIOCore

/// Decides when to ping, and when a connection that still looks open is dead: its pong or its messages stay away.
///
/// While reading is paused the deadlines stand still, for then we wouldn't see what has arrived; pings are still sent.
/// Harmless races that are ignored: a pong that nobody asked for, one that comes twice, a timer that fires early.
struct KeepAliveStateMachine {
    /// How often to ping, and how long a pong may take.
    struct Pings: Equatable {
        var interval: TimeAmount
        var timeout: TimeAmount
    }

    /// A ping that isn't answered yet.
    private struct Unanswered {
        var number: UInt64
        var deadline: NIODeadline
    }

    private let pings: Pings?
    private let silenceTimeout: TimeAmount?
    private var nextPing: NIODeadline?
    private var lastPing: UInt64 = 0
    /// The oldest ping without an answer.
    private var unanswered: Unanswered?
    private var silenceDeadline: NIODeadline?
    private var pausedAt: NIODeadline?

    init(pings: Pings?, silenceTimeout: TimeAmount?, now: NIODeadline) {
        self.pings = pings
        self.silenceTimeout = silenceTimeout
        nextPing = pings.map { now + $0.interval }
        silenceDeadline = silenceTimeout.map { now + $0 }
    }

    /// Whether the time of messages matters.
    var watchesSilence: Bool { silenceTimeout != nil }

    /// When `timerFired` has something to decide; `nil` for never.
    var nextDeadline: NIODeadline? {
        let deadlines = pausedAt == nil ? [nextPing, unanswered?.deadline, silenceDeadline] : [nextPing]
        return deadlines.compactMap { $0 }.min()
    }

    enum TimerAction: Equatable, Sendable {
        case doNothing
        case sendPing(number: UInt64)
        /// No pong came in time.
        case giveUpPong(after: TimeAmount)
        /// No message came in time.
        case giveUpSilence(after: TimeAmount)
    }

    mutating func timerFired(now: NIODeadline) -> TimerAction {
        if pausedAt == nil {
            if let pings, let unanswered, now >= unanswered.deadline { return .giveUpPong(after: pings.timeout) }
            if let silenceTimeout, let silenceDeadline, now >= silenceDeadline {
                return .giveUpSilence(after: silenceTimeout)
            }
        }
        guard let pings, let due = nextPing, now >= due else { return .doNothing }
        nextPing = now + pings.interval
        lastPing += 1
        if unanswered == nil {
            unanswered = Unanswered(number: lastPing, deadline: (pausedAt ?? now) + pings.timeout)
        }
        return .sendPing(number: lastPing)
    }

    /// A pong that carries the number of a ping answers that ping and all before it (RFC 6455, section 5.5.3).
    mutating func receivedPong(number: UInt64, now: NIODeadline) {
        guard let pings, let oldest = unanswered, (oldest.number...lastPing).contains(number) else { return }
        let deadline = (pausedAt ?? now) + pings.timeout
        unanswered = number == lastPing ? nil : Unanswered(number: number + 1, deadline: deadline)
    }

    /// A data message arrived.
    mutating func receivedMessage(now: NIODeadline) {
        guard let silenceTimeout else { return }
        silenceDeadline = (pausedAt ?? now) + silenceTimeout
    }

    /// A part of a message arrived, behind which a pong has to wait: the link is alive.
    mutating func receivedPart(now: NIODeadline) {
        guard let pings, unanswered != nil else { return }
        unanswered?.deadline = (pausedAt ?? now) + pings.timeout
    }

    mutating func paused(now: NIODeadline) {
        guard pausedAt == nil else { return }
        pausedAt = now
    }

    mutating func resumed(now: NIODeadline) {
        guard let start = pausedAt else { return }
        pausedAt = nil
        let pause = now - start
        if let deadline = unanswered?.deadline { unanswered?.deadline = deadline + pause }
        silenceDeadline = silenceDeadline.map { $0 + pause }
    }
}
