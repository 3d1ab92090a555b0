import NIOCore
import WSClient

/// Decides when to send heartbeats, and when a connection whose pings are answered is dead all the same: its
/// heartbeats' answers, the server's heartbeats or its data stay away.
///
/// Deadlines stand still while reading is paused; heartbeats are still sent. Harmless races that are ignored: an answer
/// that nobody asked for, a timer that fires early.
struct LivenessStateMachine {
    /// A heartbeat.
    struct Beat: Equatable, Sendable {
        /// How often we send it; `nil` = only the server does.
        var every: TimeAmount?
        /// How long its answer may take; `nil` = none is awaited.
        var timeout: TimeAmount?
        /// The times that the server may set.
        var announced: HeartbeatConfiguration.AnnouncedTimes = []
    }

    /// What is known of one beat; `deadline` is on the reading clock.
    private struct Progress {
        var next: NIODeadline?
        var deadline: NIODeadline?
    }

    private let configured: (beats: [Beat], within: TimeAmount?)
    private var beats: [Beat]
    private var within: TimeAmount?
    private let silence: TimeAmount?
    private var progress: [Progress]
    private var withinDeadline: NIODeadline?
    private var silenceDeadline: NIODeadline?
    private var clock = ReadingClock()
    private var isWatching = false

    /// `within`: the longest time without any message; `silence`: without a data message.
    init(beats: [Beat], within: TimeAmount?, silence: TimeAmount?) {
        configured = (beats, within)
        self.beats = beats
        self.within = within
        self.silence = silence
        progress = beats.map { _ in Progress() }
    }

    /// When `timerFired` has something to decide; `nil` for never.
    var nextDeadline: NIODeadline? {
        let judged = [withinDeadline, silenceDeadline] + progress.map(\.deadline)
        let all = judged.map { $0.flatMap { clock.realTime(of: $0) } } + progress.map(\.next)
        return all.compactMap { $0 }.min()
    }

    /// There is a connection.
    mutating func established(now: NIODeadline) {
        ended()
        (beats, within) = configured
        isWatching = true
        receivedMessages(haveData: true, now: now)
    }

    /// The server said how often it means to be heard, or to hear, and how long a ping may stay away beyond that.
    ///
    /// In effect until the next connection, where nothing else is configured.
    mutating func announced(interval: TimeAmount, timeout: TimeAmount, now: NIODeadline) {
        for index in beats.indices {
            let announced = beats[index].announced
            if announced.contains(.every), beats[index].every != nil { beats[index].every = interval }
            if announced.contains(.timeout), beats[index].timeout != nil { beats[index].timeout = timeout }
            if announced.contains(.within) { within = interval + timeout }
        }
        receivedMessages(haveData: false, now: now)
    }

    /// Heartbeats begin.
    mutating func ready(now: NIODeadline) {
        for index in beats.indices { progress[index].next = beats[index].every.map { now + $0 } }
    }

    /// Nothing is watched any more.
    mutating func ended() {
        progress = beats.map { _ in Progress() }
        withinDeadline = nil
        silenceDeadline = nil
        isWatching = false
    }

    /// Messages arrived; `haveData`: not heartbeats only.
    mutating func receivedMessages(haveData: Bool, now: NIODeadline) {
        guard isWatching else { return }
        let time = clock.time(at: now)
        withinDeadline = within.map { time + $0 }
        if haveData { silenceDeadline = silence.map { time + $0 } }
    }

    /// A heartbeat's answer arrived.
    mutating func answered(_ beat: Int) { progress[beat].deadline = nil }

    enum TimerAction: Equatable, Sendable {
        case doNothing
        case sendHeartbeat(Int)
        /// No answer to a heartbeat came in time.
        case giveUpAnswer(after: TimeAmount)
        /// No heartbeat of the server, and nothing else, came in time.
        case giveUpHeartbeat(after: TimeAmount)
        /// No data came in time.
        case giveUpSilence(after: TimeAmount)
    }

    mutating func timerFired(now: NIODeadline) -> TimerAction {
        for index in beats.indices {
            if let deadline = progress[index].deadline, clock.hasPassed(deadline, now: now) {
                return giveUp(.giveUpAnswer(after: beats[index].timeout ?? .zero))
            }
        }
        if let within, let withinDeadline, clock.hasPassed(withinDeadline, now: now) {
            return giveUp(.giveUpHeartbeat(after: within))
        }
        if let silence, let silenceDeadline, clock.hasPassed(silenceDeadline, now: now) {
            return giveUp(.giveUpSilence(after: silence))
        }
        for index in beats.indices {
            guard let next = progress[index].next, let every = beats[index].every, now >= next else { continue }
            progress[index].next = now + every
            if progress[index].deadline == nil {
                progress[index].deadline = beats[index].timeout.map { clock.time(at: now) + $0 }
            }
            return .sendHeartbeat(index)
        }
        return .doNothing
    }

    private mutating func giveUp(_ action: TimerAction) -> TimerAction {
        ended()
        return action
    }

    mutating func paused(now: NIODeadline) { clock.paused(now: now) }

    mutating func resumed(now: NIODeadline) { clock.resumed(now: now) }
}
