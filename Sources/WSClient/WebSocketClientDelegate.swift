public import NIOCore

/// What a `WebSocketClient` tells its owner, on the client's event loop.
///
/// Each change of state comes as `changed` first, then as the event that goes with it, in the order of what happened.
public protocol WebSocketClientDelegate: AnyObject {
    /// Messages arrived, in order: those of one read. The batch shares the read's memory, so copy what you keep.
    func webSocketClient(_ client: WebSocketClient, received batch: WebSocketMessageBatch)

    /// The same of the connection before the present one, which is being closed because that took over (`renewBefore`).
    /// Whoever doesn't implement this hears of them as of the others.
    func webSocketClient(_ client: WebSocketClient, receivedFromPredecessor batch: WebSocketMessageBatch)

    /// The connection before the present one has ended: all that it received has arrived.
    func webSocketClientPredecessorEnded(_ client: WebSocketClient)

    /// The status is another.
    func webSocketClient(_ client: WebSocketClient, changed status: WebSocketClientStatus)

    /// An attempt or a connection failed, for this reason: a plain sentence, printable, without a secret. Comes before
    /// `changed`, and only where another attempt follows or a person is needed: what a command ended did not fail.
    func webSocketClient(_ client: WebSocketClient, failed reason: String)

    /// The TCP connection is there.
    func webSocketClientConnected(_ client: WebSocketClient)

    /// The server sends us elsewhere, and an attempt goes there next. The query may hold what the server alone knew: whoever
    /// hides secrets learns of it here.
    func webSocketClient(_ client: WebSocketClient, redirectedTo url: WebSocketURL)

    /// The WebSocket connection is there: `send` takes messages. The subprotocol is the one that the server chose.
    func webSocketClient(_ client: WebSocketClient, establishedWith subprotocol: String?)

    /// The next connection is being made, before the credentials of the present one run out (`renewBefore`): its
    /// WebSocket is there, and it takes over once it is called ready. Whoever doesn't implement this calls it ready at once.
    func webSocketClient(_ client: WebSocketClient, prepares successor: WebSocketSuccessor)

    /// The next connection took over: what `send` takes from now on goes there, and `outboundPosition` begins at 0 again.
    /// All that the one before was given is written; what it still receives, until its close handshake is over, arrives.
    /// `expiry` is when the credentials of the one before run out.
    func webSocketClient(_ client: WebSocketClient, renewedWith subprotocol: String?, before expiry: NIODeadline?)

    /// The TCP connection is gone. Follows only a `webSocketClientConnected`.
    func webSocketClient(_ client: WebSocketClient, disconnected end: WebSocketDisconnection)

    /// `send` takes messages again, after it refused some.
    func webSocketClientBecameWritable(_ client: WebSocketClient)

    /// The network took what was sent up to this `outboundPosition`: the messages before it left this process.
    func webSocketClient(_ client: WebSocketClient, wroteThrough position: Int)

    /// Incoming messages that were refused.
    func webSocketClient(_ client: WebSocketClient, rejected count: Int, because reason: WebSocketRejection)
}

/// How a TCP connection ended.
public struct WebSocketDisconnection: Sendable, Hashable {
    /// A plain sentence, printable, without a secret.
    public var reason: String
    /// The code received, else the one sent, 1006 if TCP just ended; `nil` if it ended before there was a WebSocket.
    public var closeCode: CloseCode?
    /// Whether it had become a WebSocket connection.
    public var wasEstablished: Bool
}

/// Why an incoming message was refused.
public enum WebSocketRejection: String, Sendable, Hashable {
    /// It declares more than `maxMessageSize` bytes, or comes in too many fragments.
    case tooLarge = "too_large"
    /// It came while reading was paused and the connection was being closed by our own wish.
    case closing
}

extension WebSocketClientDelegate {
    /// Takes it for a message like the others.
    public func webSocketClient(_ client: WebSocketClient, receivedFromPredecessor batch: WebSocketMessageBatch) {
        webSocketClient(client, received: batch)
    }
    /// Ignores it.
    public func webSocketClientPredecessorEnded(_ client: WebSocketClient) {}
    /// Ignores it.
    public func webSocketClient(_ client: WebSocketClient, changed status: WebSocketClientStatus) {}
    /// Ignores it.
    public func webSocketClient(_ client: WebSocketClient, failed reason: String) {}
    /// Ignores it.
    public func webSocketClientConnected(_ client: WebSocketClient) {}
    /// Ignores it.
    public func webSocketClient(_ client: WebSocketClient, redirectedTo url: WebSocketURL) {}
    /// Ignores it.
    public func webSocketClient(_ client: WebSocketClient, establishedWith subprotocol: String?) {}
    /// Calls it ready.
    public func webSocketClient(_ client: WebSocketClient, prepares successor: WebSocketSuccessor) {
        successor.becomeReady()
    }
    /// Ignores it.
    public func webSocketClient(
        _ client: WebSocketClient,
        renewedWith subprotocol: String?,
        before expiry: NIODeadline?
    ) {}
    /// Ignores it.
    public func webSocketClient(_ client: WebSocketClient, disconnected end: WebSocketDisconnection) {}
    /// Ignores it.
    public func webSocketClientBecameWritable(_ client: WebSocketClient) {}
    /// Ignores it.
    public func webSocketClient(_ client: WebSocketClient, wroteThrough position: Int) {}
    /// Ignores it.
    public func webSocketClient(_ client: WebSocketClient, rejected count: Int, because reason: WebSocketRejection) {}
}
