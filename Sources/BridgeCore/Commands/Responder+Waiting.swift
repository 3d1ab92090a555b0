/// Answers to requests that outlived the connection to their broker: they wait until it stands again.
///
/// A message of the last run may leave before the broker has been reached.
extension Responder {
    /// So many wait at most.
    static let mostWaiting = 1024

    /// Publishes an answer, or lets it wait for the broker; false where neither can be.
    func deliver(_ message: StatusMessage) -> Bool {
        if isConnected { return broker.respond(message) }
        guard !hasEnded, waiting.count < Self.mostWaiting else { return false }
        waiting.append(message)
        return true
    }

    func brokerChanged(to state: BrokerState) {
        isConnected = state == .connected
        guard isConnected else { return }
        let messages = waiting
        waiting = []
        for message in messages where !broker.respond(message) { rejected?(.responseLost) }
    }

    /// The gateway stops: what waits has no chance any more.
    func end() {
        hasEnded = true
        for _ in waiting { rejected?(.responseLost) }
        waiting = []
    }
}
