import WSClient

/// The session of the next connection, which is made while the present one still carries the messages.
///
/// Used on the gateway's event loop only.
final class SessionPreparation: SessionHost {
    let session: Session
    private let successor: WebSocketSuccessor
    private unowned let connection: Connection

    init(_ session: Session, over successor: WebSocketSuccessor, of connection: Connection) {
        self.session = session
        self.successor = successor
        self.connection = connection
        session.host = self
    }

    /// Runs the script; the successor takes over when that is through.
    func begin() {
        successor.received = { [weak self] batch in
            guard let self else { return }
            connection.take(batch, of: session, over: nil)
        }
        successor.abandoned = { [weak self] in self?.connection.dropPreparation() }
        session.established(subprotocol: successor.subprotocol)
    }

    func sessionSends(_ text: String) {
        let batch = WebSocketMessageBatch(text: text)
        successor.send(session.wrap(batch))
        connection.noteSent(1, of: batch)
    }

    func sessionLearned(_ secrets: [String]) { connection.hide(secrets) }

    func sessionConceals(_ isConcealing: Bool) { connection.client.concealsReceived = isConcealing }

    func sessionProgressed() {}

    func sessionReady() { successor.becomeReady() }

    func sessionGivesUp(because reason: String, code: CloseCode, _ failure: SessionFailure) {
        successor.giveUp(because: reason)
    }
}
