import NIOCore
import WSClient

/// Decides how far a session's script is: what to send, what to await, and when it has failed.
///
/// Time limits stand still while reading is paused. Harmless races that are ignored: a message or a timer for a session
/// that is over.
struct SessionStateMachine {
    struct Step: Equatable, Sendable {
        /// How long the expected message may take; `nil` = nothing is expected.
        var timeout: TimeAmount?
        var onFailure: SessionFailure?
    }

    enum State: Equatable {
        /// There is no connection. Next: `waiting`, `ready`, `failed`.
        case idle
        /// A step awaits its message, until a time on the reading clock. Next: `waiting`, `ready`, `failed`, `idle`.
        case waiting(step: Int, until: NIODeadline)
        /// The script is through: messages flow. Next: `idle`, `waiting` (a new connection).
        case ready
        /// The connection is being ended because of the script. Next: `idle`, `waiting`.
        case failed
    }

    private(set) var state = State.idle
    private let steps: [Step]
    private var clock = ReadingClock()

    init(steps: [Step]) {
        self.steps = steps
    }

    /// The step whose message is awaited.
    var awaitedStep: Int? {
        guard case .waiting(let step, _) = state else { return nil }
        return step
    }

    /// How long a step waits.
    func timeout(of step: Int) -> TimeAmount { steps[step].timeout ?? .zero }

    /// When `timerFired` has something to decide; `nil` for never.
    var nextDeadline: NIODeadline? {
        guard case .waiting(_, let deadline) = state else { return nil }
        return clock.realTime(of: deadline)
    }

    enum ProceedAction: Equatable, Sendable {
        /// Send what these steps send; the last one's message is awaited.
        case send(Range<Int>)
        /// Send what these steps send; then the session is ready.
        case sendAndFinish(Range<Int>)
        case doNothing
    }

    /// A connection is established.
    mutating func begin(now: NIODeadline) -> ProceedAction { proceed(from: 0, now: now) }

    /// The awaited message came.
    mutating func matched(now: NIODeadline) -> ProceedAction {
        guard case .waiting(let step, _) = state else { return .doNothing }
        return proceed(from: step + 1, now: now)
    }

    private mutating func proceed(from start: Int, now: NIODeadline) -> ProceedAction {
        for index in start..<max(start, steps.count) {
            guard let timeout = steps[index].timeout else { continue }
            state = .waiting(step: index, until: clock.time(at: now) + timeout)
            return .send(start..<index + 1)
        }
        state = .ready
        return .sendAndFinish(start..<max(start, steps.count))
    }

    enum FailAction: Equatable, Sendable {
        case fail(step: Int, SessionFailure)
        case doNothing
    }

    /// The server said no.
    mutating func refused() -> FailAction { fail(otherwise: .fault) }

    /// The awaited message came, but can't be used.
    mutating func disappointed() -> FailAction { fail(otherwise: .reconnect) }

    private mutating func fail(otherwise outcome: SessionFailure) -> FailAction {
        guard case .waiting(let step, _) = state else { return .doNothing }
        state = .failed
        return .fail(step: step, steps[step].onFailure ?? outcome)
    }

    /// A time limit may have passed: that is a failure of the step as well.
    mutating func timerFired(now: NIODeadline) -> FailAction {
        guard case .waiting(_, let deadline) = state, clock.hasPassed(deadline, now: now) else { return .doNothing }
        return fail(otherwise: .reconnect)
    }

    /// The script can't begin.
    mutating func gaveUp() { state = .failed }

    mutating func ended() { state = .idle }

    mutating func paused(now: NIODeadline) { clock.paused(now: now) }

    mutating func resumed(now: NIODeadline) { clock.resumed(now: now) }
}
