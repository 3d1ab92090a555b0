import NIOCore

/// When to send a PINGREQ, and when a silent server counts as gone (MQTT 5, section 3.1.2.10).
///
/// The library's own keep-alive (`mosquitto_loop_misc`) gives up when it has not read a PINGRESP, also where nobody
/// read because the gateway paused. Hence this one: while reading is paused, pings still go out and the deadline
/// stands still; bytes that keep arriving, as of one large packet over a slow link, count as life.
struct KeepAlive: Equatable, Sendable {
    /// `nil` = switched off.
    private let interval: TimeAmount?
    private var lastWritten: NIODeadline
    private var lastRead: NIODeadline
    /// The moment of the last bytes; `lastRead` is also that at which reading went on.
    private var lastArrival: NIODeadline?
    private var isReading = true
    private var pingSentAt: NIODeadline?

    init(interval: TimeAmount?, now: NIODeadline) {
        self.interval = interval
        self.lastWritten = now
        self.lastRead = now
    }

    mutating func wrote(now: NIODeadline) {
        lastWritten = now
    }

    mutating func read(now: NIODeadline) {
        lastRead = now
        lastArrival = now
        pingSentAt = nil
    }

    /// True if something came after this moment: an answer to what was sent at it.
    func hasRead(since moment: NIODeadline) -> Bool { lastArrival.map { $0 > moment } ?? false }

    mutating func readingPaused() {
        isReading = false
    }

    /// What waits in the socket is read first: the time of silence begins anew.
    mutating func readingResumed(now: NIODeadline) {
        guard !isReading else { return }
        isReading = true
        lastRead = now
        pingSentAt = nil
    }

    /// When `due` has something to say; `nil` = never.
    var deadline: NIODeadline? {
        guard let interval else { return nil }
        let forServer = lastWritten + interval
        guard isReading else { return forServer }
        return min(forServer, pingSentAt.map { $0 + interval } ?? (lastRead + interval))
    }

    enum Action: Equatable, Sendable {
        case doNothing
        case sendPing
        case giveUp
    }

    /// `sendPing` counts as written.
    mutating func due(now: NIODeadline) -> Action {
        guard let interval, let deadline, deadline <= now else { return .doNothing }
        if isReading, let pingSentAt, pingSentAt + interval <= now { return .giveUp }
        if pingSentAt == nil { pingSentAt = now }
        lastWritten = now
        return .sendPing
    }
}
