/// The next connection of a client, established but not in use yet: its owner may say its first words over it.
///
/// Confined to the client's event loop, and of no use once it took over or was given up.
public final class WebSocketSuccessor {
    /// The one that the server chose.
    public let subprotocol: String?
    /// Takes what arrives before it takes over; `nil` lets it arrive as the client's other messages do.
    public var received: ((WebSocketMessageBatch) -> Void)?
    /// Called when it comes to nothing, before or after it was ready, or its connection ends before it takes over.
    public var abandoned: (() -> Void)?
    weak var renewal: ConnectionRenewal?

    init(subprotocol: String?, renewal: ConnectionRenewal) {
        self.subprotocol = subprotocol
        self.renewal = renewal
    }

    /// Sends over this connection, whatever waits already.
    public func send(_ batch: WebSocketMessageBatch) {
        renewal?.connection?.sendUnbounded(batch)
    }

    /// It takes over as soon as the network took all that the present connection was given.
    public func becomeReady() {
        renewal?.becameReady()
    }

    /// It is closed, and another is tried later.
    ///
    /// Also when it was called ready, as long as it waits to take over.
    ///
    /// - Parameter reason: What the log says.
    public func giveUp(because reason: String) {
        renewal?.givenUp(because: reason)
    }
}
