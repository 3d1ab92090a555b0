import NIOCore

/// Decides when to ping, and when a connection that still looks open is dead: no pong comes.
///
/// While reading is paused the deadlines stand still, for then we wouldn't see what has arrived. Pings are still sent,
/// and with them a pong that nobody asked for: the server's own pings can't be seen then, and a pong shows it that we
/// live (RFC 6455, section 5.5.3). `sendsPings` has no say in that, for it doesn't switch off answers to pings either.
///
/// Harmless races that are ignored: a pong before the first ping, one that comes twice, a timer that fires early.
struct KeepAliveStateMachine {
    /// How often to ping, and how long a pong may take.
    struct Rhythm: Equatable {
        var interval: TimeAmount
        var timeout: TimeAmount
        var sendsPings = true
    }

    private let rhythm: Rhythm
    private var nextBeat: NIODeadline
    private var lastPing: UInt64 = 0
    /// The time on the reading clock at which the oldest ping without a pong behind it counts as unanswered.
    private var pongDeadline: NIODeadline?
    private var clock = ReadingClock()
    /// When the last ping was sent.
    private(set) var lastPingSent: NIODeadline?
    /// True once a pong came after a ping.
    private(set) var hasSeenPong = false

    init(_ rhythm: Rhythm, now: NIODeadline) {
        self.rhythm = rhythm
        nextBeat = now + rhythm.interval
    }

    /// When `timerFired` has something to decide; `nil` for never.
    var nextDeadline: NIODeadline? {
        let beat = rhythm.sendsPings || clock.isPaused ? nextBeat : nil
        return [beat, pongDeadline.flatMap { clock.realTime(of: $0) }].compactMap { $0 }.min()
    }

    enum TimerAction: Equatable, Sendable {
        case doNothing
        case sendPing(number: UInt64)
        case sendPingAndUnaskedPong(number: UInt64)
        case sendUnaskedPong
        /// No pong came in time.
        case giveUpPong(after: TimeAmount)
    }

    mutating func timerFired(now: NIODeadline) -> TimerAction {
        if let pongDeadline, clock.hasPassed(pongDeadline, now: now) { return .giveUpPong(after: rhythm.timeout) }
        guard now >= nextBeat, rhythm.sendsPings || clock.isPaused else { return .doNothing }
        nextBeat = now + rhythm.interval
        guard rhythm.sendsPings else { return .sendUnaskedPong }
        lastPing += 1
        lastPingSent = now
        pongDeadline = pongDeadline ?? clock.time(at: now) + rhythm.timeout
        return clock.isPaused ? .sendPingAndUnaskedPong(number: lastPing) : .sendPing(number: lastPing)
    }

    /// Any pong after a ping shows life, whatever it carries: servers answer only the last of several pings, some with
    /// another payload, and a pong may come unasked (RFC 6455, section 5.5.3).
    mutating func receivedPong() {
        guard lastPingSent != nil else { return }
        hasSeenPong = true
        pongDeadline = nil
    }

    /// A part of a message arrived, behind which a pong has to wait: the link is alive.
    mutating func receivedPart(now: NIODeadline) {
        guard pongDeadline != nil else { return }
        pongDeadline = clock.time(at: now) + rhythm.timeout
    }

    mutating func paused(now: NIODeadline) {
        clock.paused(now: now)
        if !rhythm.sendsPings { nextBeat = max(nextBeat, now + rhythm.interval) }
    }

    mutating func resumed(now: NIODeadline) { clock.resumed(now: now) }
}
