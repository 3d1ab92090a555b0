import NIOCore

extension ConnectionHandler {
    /// Sees to it that the next deadline is met; an earlier timer finds nothing to do and comes back here.
    func armKeepAliveTimer() {
        keepAliveTimer?.cancel()
        keepAliveTimer = nil
        guard let deadline = keepAlive.nextDeadline, closing.isOpen else { return }
        keepAliveTimer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.keepAliveTimerFired() }
    }

    private func keepAliveTimerFired() {
        // Nothing goes behind a close frame, and its answer has a time limit of its own.
        guard closing.isOpen else { return }
        switch keepAlive.timerFired(now: eventLoop.now) {
        case .doNothing:
            break
        case .sendPing(let number):
            sendPing(ByteBuffer(string: String(number)))
            owner?.connection(self, detail: "ping \(number) sent")
        case .giveUpPong(let timeout):
            hasGivenUp = true
            closing.givenUp(because: "server did not answer a ping within \(timeout.words)")
            return endNow()
        }
        armKeepAliveTimer()
    }

    func receivedPong(_ payload: ByteBuffer) {
        comms?.control(.received, "pong", payload)
        guard let number = UInt64(String(buffer: payload)) else { return }
        owner?.connection(self, detail: "pong \(number) received")
        keepAlive.receivedPong(number: number, now: eventLoop.now)
    }
}
