import Logging
import NIOCore

extension WebSocketClient {
    /// Sends a text message whatever waits already, for what a person chose to be said first.
    ///
    /// - Returns: whether it was taken: not so while not established.
    package func sendUnbounded(_ batch: WebSocketMessageBatch) -> Bool {
        guard let connection, connection.closing.isOpen else { return false }
        connection.sendUnbounded(batch)
        return true
    }

    /// Closes the established connection because it is no use, as if it had failed by itself.
    ///
    /// - Parameters:
    ///   - reason: what status, events and log say.
    ///   - code: what the server is told.
    ///   - needsPerson: whether that is a fault, to be tried again rarely.
    package func giveUp(because reason: String, code: CloseCode = .goingAway, needsPerson: Bool = false) {
        guard let connection, connection.closing.isOpen else { return }
        connection.remedy = needsPerson ? .person : .waiting
        connection.close(code, because: reason)
    }

    /// The server refused what the owner told it of itself: the present connection's end counts as a refusal.
    package func credentialsWereRefused() { connection?.refusesCredentials = true }

    /// The server took what the owner told it of itself.
    package func credentialsWereAccepted() {
        guard !sent.spoken.isEmpty else { return }
        refusals.accepted(sent.identity)
    }

    /// Says once what helps against a server that ends each connection right after our ping.
    func judgePings(of connection: ConnectionHandler) {
        let action = pingIntolerance.connectionEnded(
            lastPing: connection.keepAlive.lastPingSent,
            sawPong: connection.keepAlive.hasSeenPong,
            byServer: !connection.hasGivenUp,
            now: eventLoop.now
        )
        switch action {
        case .advise:
            logger.warning(
                """
                the server ended \(PingIntolerance.threshold) connections in a row right after a ping, and answered \
                none: it may not understand pings; send_keep_alive: false switches them off
                """
            )
        case .doNothing:
            break
        }
    }
}
