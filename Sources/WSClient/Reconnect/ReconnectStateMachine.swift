import NIOCore

/// Decides when to attempt a connection: commands, failures and time in, attempts out.
///
/// Harmless races that are ignored: a timer that fires after a command overtook it.
struct ReconnectStateMachine {
    enum State: Equatable {
        /// Nothing is wanted. Next: `connecting`.
        case disconnected
        /// An attempt runs, no TCP connection yet. Next: `connected`, `backoff`, `fault`, `disconnected`.
        case connecting
        /// TCP is there, the handshakes run. Next: `established`, `connecting` (a redirect, another token), `backoff`,
        /// `fault`, `disconnected`.
        case connected
        /// Messages flow. Next: `closing`, `backoff`, `fault`, `disconnected`.
        case established(since: NIODeadline)
        /// The close handshake runs, by our wish. Next: `disconnected`, `connecting`.
        case closing(reconnects: Bool)
        /// Waits for the next attempt. Next: `connecting`, `disconnected`.
        case backoff(until: NIODeadline)
        /// Waits, in the slow lane or for a command. Next: `connecting`, `disconnected`.
        case fault(until: NIODeadline?)
    }

    private(set) var state = State.disconnected
    var isEstablished: Bool {
        if case .established = state { true } else { false }
    }

    /// Attempts since the last establishment.
    private(set) var attempts = 0

    private let reconnectsByItself: Bool
    private let stableAfter: TimeAmount
    private var backoff: Backoff
    private var credentialRefusals = 0

    init(autoReconnect: Bool, initialDelay: TimeAmount, maxDelay: TimeAmount, stableAfter: TimeAmount) {
        self.reconnectsByItself = autoReconnect
        self.stableAfter = stableAfter
        self.backoff = Backoff(initialDelay: initialDelay, maxDelay: maxDelay)
    }

    // MARK: Commands

    enum ConnectAction: Equatable, Sendable {
        case startAttempt
        case doNothing
    }

    /// The user wants a connection.
    mutating func connect() -> ConnectAction {
        switch state {
        case .disconnected, .backoff, .fault:
            return startAttempt()
        case .closing:
            state = .closing(reconnects: true)
            return .doNothing
        case .connecting, .connected, .established:
            return .doNothing
        }
    }

    enum ReconnectAction: Equatable, Sendable {
        case startAttempt
        case abandonAttemptAndStart
        case close
        case doNothing
    }

    /// The user wants a new connection, for there are other credentials.
    mutating func reconnect() -> ReconnectAction {
        credentialRefusals = 0
        switch state {
        case .disconnected, .backoff, .fault:
            _ = startAttempt()
            return .startAttempt
        case .connecting, .connected:
            _ = startAttempt()
            return .abandonAttemptAndStart
        case .established:
            state = .closing(reconnects: true)
            return .close
        case .closing:
            state = .closing(reconnects: true)
            return .doNothing
        }
    }

    enum DisconnectAction: Equatable, Sendable {
        case cancelTimer
        case abandonAttempt
        case close
        case doNothing
    }

    /// The user wants no connection, until `connect`.
    mutating func disconnect() -> DisconnectAction {
        switch state {
        case .disconnected:
            return .doNothing
        case .backoff, .fault:
            state = .disconnected
            return .cancelTimer
        case .connecting, .connected:
            state = .disconnected
            return .abandonAttempt
        case .established:
            state = .closing(reconnects: false)
            return .close
        case .closing:
            state = .closing(reconnects: false)
            return .doNothing
        }
    }

    /// An attempt came to nothing before it was made: it doesn't count.
    mutating func withdrawAttempt() { attempts = max(0, attempts - 1) }

    // MARK: What an attempt reports

    mutating func tcpConnected() {
        assert(state == .connecting, "tcpConnected in \(state)")
        state = .connected
    }

    mutating func established(now: NIODeadline) {
        assert(state == .connected, "established in \(state)")
        state = .established(since: now)
        attempts = 0
        credentialRefusals = 0
    }

    /// The server sent us elsewhere: the same attempt goes on with another address.
    mutating func redirected() {
        assert(state == .connected, "redirected in \(state)")
        state = .connecting
    }

    enum EndAction: Equatable, Sendable {
        case startAttempt
        case wait(until: NIODeadline)
        case stay
    }

    /// The attempt or the connection is over.
    mutating func ended(
        _ failure: ConnectionFailure,
        now: NIODeadline,
        using generator: inout some RandomNumberGenerator
    ) -> EndAction {
        switch state {
        case .closing(reconnects: true):
            _ = startAttempt()
            return .startAttempt
        case .closing(reconnects: false), .disconnected:
            state = .disconnected
            return .stay
        case .established(let since):
            // Only a connection that lasted shows that all is well again.
            if now - since >= stableAfter { backoff.reset() }
            return rest(failure, now: now, using: &generator)
        case .connecting, .connected, .backoff, .fault:
            return rest(failure, now: now, using: &generator)
        }
    }

    enum TimerAction: Equatable, Sendable {
        case startAttempt
        case doNothing
    }

    mutating func timerFired() -> TimerAction {
        switch state {
        case .backoff, .fault:
            _ = startAttempt()
            return .startAttempt
        case .disconnected, .connecting, .connected, .established, .closing:
            return .doNothing
        }
    }

    // MARK: -

    private mutating func startAttempt() -> ConnectAction {
        state = .connecting
        attempts += 1
        return .startAttempt
    }

    private mutating func rest(
        _ failure: ConnectionFailure,
        now: NIODeadline,
        using generator: inout some RandomNumberGenerator
    ) -> EndAction {
        let isFault = needsPerson(failure)
        guard failure.remedy != .otherCredentials else {
            state = .fault(until: nil)
            return .stay
        }
        if failure.remedy == .freshCredentials, !isFault, failure.retryAfter ?? .zero == .zero {
            _ = startAttempt()
            return .startAttempt
        }
        guard reconnectsByItself else {
            state = isFault ? .fault(until: nil) : .disconnected
            return .stay
        }
        let delay: TimeAmount
        if isFault {
            delay = max(backoff.slow(using: &generator), failure.retryAfter ?? .zero)
        } else if let wish = failure.retryAfter, wish > .zero {
            delay = backoff.after(wish, using: &generator)
        } else if let wish = ComeBackLater(failure.closeCode) {
            delay = backoff.after(wish, using: &generator)
        } else {
            delay = backoff.next(using: &generator)
        }
        let until = now + delay
        state = isFault ? .fault(until: until) : .backoff(until: until)
        return .wait(until: until)
    }

    private mutating func needsPerson(_ failure: ConnectionFailure) -> Bool {
        switch failure.remedy {
        case .waiting:
            credentialRefusals = 0
            return false
        case .person, .otherCredentials:
            credentialRefusals = 0
            return true
        case .credentials, .freshCredentials:
            credentialRefusals += 1
            return credentialRefusals >= 2
        }
    }
}
