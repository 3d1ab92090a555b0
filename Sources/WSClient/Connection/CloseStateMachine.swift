import TLS

/// The close handshake from the client's side (RFC 6455, sections 5.5.1 and 7.1): who closed, with which code.
struct CloseStateMachine {
    enum State: Equatable {
        /// Nobody closed. Next: `sent`, `received`, `failed`, `ended`.
        case open
        /// We closed first and wait for the answer. Next: `received`, `failed`, `ended`.
        case sent
        /// The peer's close frame is here and ours is sent: TCP is to end. Next: `ended`.
        case received
        /// The peer broke a rule or is given up: nothing of it counts any more. Next: `ended`.
        case failed
        /// TCP has ended.
        case ended
    }

    private(set) var state = State.open
    /// Why, in the words of who came first.
    private(set) var reason: String?
    private var sentCode: CloseCode?
    private var receivedCode: CloseCode?

    /// Whether messages may still be sent.
    var isOpen: Bool { state == .open }

    /// The code received, else the one sent, else 1006.
    var code: CloseCode { receivedCode ?? sentCode ?? .abnormalClosure }

    enum CloseAction: Equatable, Sendable {
        case sendClose(CloseFrame)
        case doNothing
    }

    /// The owner wants the connection closed.
    mutating func close(_ code: CloseCode, because reason: String) -> CloseAction {
        guard state == .open else { return .doNothing }
        state = .sent
        self.reason = reason
        sentCode = code
        return .sendClose(CloseFrame(code: code))
    }

    enum ReceivedCloseAction: Equatable, Sendable {
        /// Answer with the same code, then TCP is to end.
        case answer(CloseFrame)
        /// This is the answer to ours: TCP is to end.
        case awaitEnd
        case doNothing
    }

    mutating func received(_ frame: CloseFrame) -> ReceivedCloseAction {
        switch state {
        case .open:
            state = .received
            receivedCode = frame.code ?? .noStatusReceived
            reason = Self.describe(frame)
            sentCode = frame.code
            return .answer(CloseFrame(code: frame.code))
        case .sent:
            state = .received
            receivedCode = frame.code ?? .noStatusReceived
            return .awaitEnd
        case .received, .failed, .ended:
            return .doNothing
        }
    }

    /// The peer broke a rule of the protocol (RFC 6455, section 7.1.7).
    mutating func violated(_ violation: ProtocolViolation) -> CloseAction {
        let isOpen = state == .open
        guard isOpen || state == .sent else { return .doNothing }
        state = .failed
        reason = reason ?? Self.describe(violation)
        guard isOpen else { return .doNothing }
        let code = CloseCode(violation)
        sentCode = code
        return .sendClose(CloseFrame(code: code, reason: violation.description))
    }

    /// TCP is dead, as far as we can see: no close frame would arrive.
    mutating func givenUp(because reason: String) {
        guard state == .open || state == .sent else { return }
        state = .failed
        self.reason = self.reason ?? reason
    }

    mutating func tcpEnded() {
        reason = reason ?? "server ended the connection without a close frame"
        state = .ended
    }

    private static func describe(_ violation: ProtocolViolation) -> String {
        switch CloseCode(violation) {
        case .messageTooBig: "server sent too much: \(violation)"
        default: "server broke the WebSocket protocol: \(violation)"
        }
    }

    private static func describe(_ frame: CloseFrame) -> String {
        guard let code = frame.code else { return "server closed the connection without giving a code" }
        let text = readable(frame.reason, limit: CloseFrame.maximumReasonLength)
        return "server closed the connection: \(code)" + (text.isEmpty ? "" : ", \"\(text)\"")
            + (code.advice.map { "; \($0)" } ?? "")
    }
}
