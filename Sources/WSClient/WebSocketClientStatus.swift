public import NIOCore

/// How a connection is at one moment.
public struct WebSocketClientStatus: Sendable, Hashable {
    /// The word for it.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Nothing is wanted, or nothing tries again by itself.
        case disconnected
        /// An attempt runs; there is no TCP connection yet.
        case connecting
        /// TCP is there, the TLS and WebSocket handshakes run.
        case connected
        /// Messages flow.
        case established
        /// Waits for the next attempt after something that may pass.
        case backoff
        /// Waits for a person to put something right, and tries again rarely.
        case fault
    }

    /// The word for it.
    public var state = State.disconnected
    /// Since when `state` is what it is.
    public var since: NIODeadline
    /// Why the last attempt or connection ended, in words; `nil` before the first and while established.
    ///
    /// While established it is why the server left, where what it sent before still waits to be read.
    public var reason: String?
    /// The close code of the last connection: the one received, else the one sent, 1006 if TCP just ended; `nil` if
    /// there was none, and while established.
    public var closeCode: CloseCode?
    /// Attempts since the last establishment.
    public var attempts = 0
    /// When the next attempt begins; `nil` if none will by itself.
    public var nextAttempt: NIODeadline?

    /// Disconnected since this moment.
    public init(since: NIODeadline) {
        self.since = since
    }

    /// Whether there is a TCP connection.
    public var tcp: Bool { state == .connected || state == .established }
    /// Whether there is a WebSocket connection.
    public var websocket: Bool { state == .established }
}
