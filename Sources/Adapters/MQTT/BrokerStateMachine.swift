import NIOCore

/// When to connect, when to give up, when to try again: one broker connection's life, without its effects.
struct BrokerStateMachine: Sendable {
    enum State: Equatable, Sendable {
        /// Next: connecting, stopped.
        case idle
        /// The blocking connect runs. Next: handshaking, backoff, stopped.
        case connecting
        /// CONNECT was sent. Next: subscribing, connected, backoff, stopped.
        case handshaking(deadline: NIODeadline)
        /// SUBSCRIBE was sent. Next: connected, backoff, stopped.
        case subscribing(deadline: NIODeadline)
        /// Next: backoff, farewell, stopped.
        case connected(since: NIODeadline)
        /// Next: connecting, stopped.
        case backoff(until: NIODeadline)
        /// The last messages go out. Next: stopped.
        case farewell(deadline: NIODeadline)
        case stopped
    }

    private(set) var state = State.idle
    private var backoff = ReconnectBackoff()
    private let handshakeTimeout: TimeAmount

    init(handshakeTimeout: TimeAmount) {
        self.handshakeTimeout = handshakeTimeout
    }

    /// Whether data may be published and read.
    var isConnected: Bool {
        if case .connected = state { true } else { false }
    }

    /// When `deadlinePassed` is due; `nil` = nothing is waited for.
    var deadline: NIODeadline? {
        switch state {
        case .handshaking(let deadline), .subscribing(let deadline), .farewell(let deadline): deadline
        case .backoff(let until): until
        case .idle, .connecting, .connected, .stopped: nil
        }
    }

    enum DeadlineAction: Equatable, Sendable {
        case doNothing
        case connect
        case fail(ConnectionFailure)
        case endFarewell
    }

    mutating func deadlinePassed(now: NIODeadline) -> DeadlineAction {
        guard let deadline, deadline <= now else { return .doNothing }
        switch state {
        case .handshaking:
            return .fail(
                ConnectionFailure(
                    "the server accepted the connection but did not answer CONNECT in time",
                    evidence: .none
                )
            )
        case .subscribing:
            return .fail(ConnectionFailure("the server did not answer SUBSCRIBE in time", evidence: .silence))
        case .backoff:
            state = .connecting
            return .connect
        case .farewell:
            return .endFarewell
        case .idle, .connecting, .connected, .stopped:
            return .doNothing
        }
    }

    /// Whether to connect.
    mutating func start() -> Bool {
        guard case .idle = state else { return false }
        state = .connecting
        return true
    }

    /// The TCP connection stands and CONNECT is on its way.
    mutating func connectReturned(now: NIODeadline) {
        assert(state == .connecting, "connectReturned in \(state)")
        state = .handshaking(deadline: now + handshakeTimeout)
    }

    enum ConnackAction: Equatable, Sendable {
        case doNothing
        case subscribe
        case fail(ConnectionFailure)
    }

    /// A CONNACK that the library accepted as well formed.
    ///
    /// A second one is the library's to refuse.
    mutating func receivedConnack(_ code: ReasonCode, now: NIODeadline) -> ConnackAction {
        guard case .handshaking = state else { return .doNothing }
        guard !code.isFailure else {
            return .fail(ConnectionFailure(refusal: code))
        }
        state = .subscribing(deadline: now + handshakeTimeout)
        return .subscribe
    }

    /// Every subscription is answered.
    ///
    /// Whether the connection is up now.
    mutating func subscribed(now: NIODeadline) -> Bool {
        guard case .subscribing = state else { return false }
        state = .connected(since: now)
        return true
    }

    enum FailureAction: Equatable, Sendable {
        case doNothing
        /// Drop the connection, try again then.
        case waitUntil(NIODeadline)
        /// It was the last one.
        case finish
    }

    mutating func failed(
        _ failure: ConnectionFailure,
        now: NIODeadline,
        using generator: inout some RandomNumberGenerator
    ) -> FailureAction {
        switch state {
        case .idle, .backoff, .stopped:
            return .doNothing
        case .farewell:
            state = .stopped
            return .finish
        case .connected(let since):
            backoff.connectionStood(for: .nanoseconds((now - since).nanoseconds))
        case .connecting, .handshaking, .subscribing:
            break
        }
        let until = now + TimeAmount(backoff.delay(after: failure.lane, using: &generator))
        state = .backoff(until: until)
        return .waitUntil(until)
    }

    enum StopAction: Equatable, Sendable {
        case doNothing
        case sayFarewell
        /// There is nobody to say it to.
        case finish
    }

    mutating func stop(deadline: NIODeadline) -> StopAction {
        switch state {
        case .connected:
            state = .farewell(deadline: deadline)
            return .sayFarewell
        case .idle, .connecting, .handshaking, .subscribing, .backoff:
            state = .stopped
            return .finish
        case .farewell, .stopped:
            return .doNothing
        }
    }

    /// The farewell is acknowledged, or its time is over.
    mutating func farewellEnded() {
        state = .stopped
    }
}
