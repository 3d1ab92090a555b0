import NIOCore

extension ConnectionHandler {
    /// Sees to it that the next deadline is met; an earlier timer finds nothing to do and comes back here.
    func armKeepAliveTimer() {
        keepAliveTimer?.cancel()
        keepAliveTimer = nil
        guard let deadline = keepAlive.nextDeadline, closing.isOpen, !hasEnded else { return }
        keepAliveTimer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.keepAliveTimerFired() }
    }

    private func keepAliveTimerFired() {
        // Nothing goes behind a close frame, and its answer has a time limit of its own.
        guard closing.isOpen else { return }
        keepAliveTimer = nil
        switch keepAlive.timerFired(now: eventLoop.now) {
        case .doNothing:
            break
        case .sendPing(let number):
            ping(number)
        case .sendPingAndUnaskedPong(let number):
            ping(number)
            pongUnasked()
        case .sendUnaskedPong:
            pongUnasked()
        case .giveUpPong(let timeout):
            hasGivenUp = true
            closing.givenUp(because: "server did not answer a ping within \(timeout.words)")
            return endNow()
        }
        armKeepAliveTimer()
    }

    private func ping(_ number: UInt64) {
        sendPing(ByteBuffer(string: String(number)))
        owner?.connection(self, detail: "ping \(number) sent")
    }

    private func pongUnasked() {
        // A server that takes nothing sees no pong either.
        guard ledger.isBelowLimit else { return }
        sendPong(ByteBuffer())
        owner?.connection(self, detail: "reading is paused: a pong sent unasked")
    }

    func receivedPong(_ payload: ByteBuffer) {
        comms?.control(.received, "pong", payload)
        let number = UInt64(String(buffer: payload)).map { "pong \($0)" } ?? "a pong without a ping's number"
        owner?.connection(self, detail: "\(number) received")
        keepAlive.receivedPong()
    }
}
