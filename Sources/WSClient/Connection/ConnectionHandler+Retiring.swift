import NIOCore

extension ConnectionHandler {
    /// Whether the network took all that this connection was given.
    var isDrained: Bool { ledger.waiting == 0 }

    /// Begins the close handshake because another connection took over: nothing that arrives before its end is lost.
    func retire(because reason: String) {
        isRetiring = true
        close(.normalClosure, because: reason)
    }

    /// The owner doesn't care for the rest any more: the close handshake's end is all that matters.
    func hurry() {
        isRetiring = false
        guard !hasEnded else { return finish() }
        guard isPaused else { return }
        readToTheEnd()
        limitClosing(to: settings.closeTimeout)
    }
}
