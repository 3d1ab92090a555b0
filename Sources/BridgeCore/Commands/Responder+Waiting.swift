import NIOCore

/// Answers to requests that outlived the connection to their broker: they wait until it stands again.
///
/// A message of the last run may leave before the broker has been reached.
extension Responder {
    /// So many wait at most, and so many bytes of them.
    static let mostWaiting = 1024
    static let mostWaitingBytes = 4 << 20

    /// Publishes an answer, or lets it wait for the broker; false where neither can be.
    func deliver(_ message: StatusMessage) -> Bool {
        if isConnected { return broker.respond(message) }
        let bytes = waitingBytes + message.payload.readableBytes
        guard !hasEnded, waiting.count < Self.mostWaiting, bytes <= Self.mostWaitingBytes else { return false }
        waiting.append(message)
        waitingBytes = bytes
        return true
    }

    func brokerChanged(to state: BrokerState) {
        isConnected = state == .connected
        guard isConnected else { return }
        let messages = waiting
        waiting = []
        waitingBytes = 0
        for message in messages where !broker.respond(message) { rejected?(.responseLost) }
    }

    /// The gateway stops: what waits has no chance any more.
    func end() {
        hasEnded = true
        for _ in waiting { rejected?(.responseLost) }
        waiting = []
        waitingBytes = 0
    }
}
