import Logging
import NIOCore

/// Make before break: the next connection is there before the present one is closed.
extension WebSocketClient {
    /// After an establishment: when the next one is due.
    func scheduleRenewal() {
        switch renewalMachine.established(expires: credentialExpiry, now: eventLoop.now) {
        case .wait(let until):
            arm(until)
        case .waitForHalf(let life, let until):
            logger.warning("the credentials last only \(life.words), less than renew_before")
            arm(until)
        case .sayUnknown:
            logger.warning("renew_before has no effect: nothing tells when the credentials run out")
        case .sayExpired:
            logger.warning(
                """
                renew_before has no effect: the credentials say that they ran out, though the server took them; \
                is this machine's clock right?
                """
            )
        case .doNothing:
            break
        }
    }

    private func arm(_ deadline: NIODeadline) {
        renewalTimer?.cancel()
        renewalTimer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.renewalTimerFired() }
    }

    private func renewalTimerFired() {
        switch renewalMachine.timerFired() {
        case .startRenewal: startRenewal()
        case .doNothing: break
        }
    }

    private func startRenewal() {
        // A token given by command can't be fetched anew.
        guard let credentialSource, bearerTokenOverride == nil else { return renewalMachine.ended() }
        // What is not read yet of the connection before comes first.
        guard retiring == nil else {
            tryRenewalLater(.waiting, retryAfter: nil)
            return
        }
        logDetail { "the credentials run out soon: making the next connection" }
        let renewal = ConnectionRenewal(of: self)
        self.renewal = renewal
        renewal.start(from: credentialSource)
    }

    func renewal(_ renewal: ConnectionRenewal, failed failure: ConnectionFailure) {
        let reason = failure.words(hiding: Redactor(allSecrets))
        guard renewal === self.renewal else { return }
        self.renewal = nil
        guard machine.isEstablished else { return renewalMachine.ended() }
        let isWritableAgain = isDraining
        isDraining = false
        let until = tryRenewalLater(failure.remedy, retryAfter: failure.retryAfter)
        logger.warning("the connection can't be renewed yet: \(reason); next try in \((until - eventLoop.now).words)")
        if isWritableAgain { delegate?.webSocketClientBecameWritable(self) }
    }

    @discardableResult
    private func tryRenewalLater(_ remedy: ConnectionFailure.Remedy, retryAfter: TimeAmount?) -> NIODeadline {
        var generator = SystemRandomNumberGenerator()
        let until = renewalMachine.failed(remedy, retryAfter: retryAfter, now: eventLoop.now, using: &generator)
        arm(until)
        return until
    }

    /// Nothing is renewed any more.
    func endRenewal() {
        renewalTimer?.cancel()
        renewalTimer = nil
        renewalMachine.ended()
        let renewal = renewal
        self.renewal = nil
        isDraining = false
        renewal?.abandon()
    }

    // MARK: The change

    func renewalBecameReady(_ renewal: ConnectionRenewal) {
        // Not within a call of whoever said that it is ready.
        eventLoop.assumeIsolated().execute { self.takeOverSuccessorIfDrained() }
    }

    /// At a message's end, with nothing of the present connection on its way: what was given to it is neither lost nor
    /// sent again.
    func takeOverSuccessorIfDrained() {
        guard let renewal, renewal.isReady, let old = connection, machine.isEstablished else { return }
        guard old.isDrained else {
            isDraining = true
            return
        }
        let expiry = credentialExpiry
        let reason =
            "renewed the connection: its credentials run out"
            + (expiry.map { " in \(max(TimeAmount.zero, $0 - eventLoop.now).words)" } ?? "")
        guard adopt(renewal, whileRetiring: old) else { return }
        logger.info("\(reason)")
        old.retire(because: reason)
        scheduleRenewal()
        delegate?.webSocketClient(self, renewedWith: renewal.subprotocol, before: expiry)
        delegate?.webSocketClientBecameWritable(self)
    }

    private func adopt(_ renewal: ConnectionRenewal, whileRetiring old: ConnectionHandler?) -> Bool {
        guard let next = renewal.handOver() else { return false }
        sent = renewal.credentials ?? RequestCredentials()
        credentialExpiry = renewal.expires
        self.renewal = nil
        isDraining = false
        retiring = old
        next.owner = self
        takeOver(next)
        return true
    }

    /// The present connection ended while the next one was ready: that one is in place at once.
    ///
    /// - Returns: Whether there was one.
    func takeOverSuccessor(after failure: ConnectionFailure) -> Bool {
        guard let renewal, renewal.isReady, machine.isEstablished, adopt(renewal, whileRetiring: retiring) else {
            return false
        }
        var generator = SystemRandomNumberGenerator()
        _ = machine.ended(failure, now: eventLoop.now, using: &generator)
        _ = machine.connect()
        status.reason = failure.reason
        status.closeCode = failure.closeCode
        update()
        tellDisconnected(failure, wasEstablished: true)
        logger.info("disconnected: \(failure.reason); the next connection is there already")
        if machine.state == .connecting {
            machine.tcpConnected()
            update()
            delegate?.webSocketClientConnected(self)
        }
        guard machine.state == .connected else {
            // The delegate changed its mind.
            connection?.close(.normalClosure, because: "disconnected by command")
            return true
        }
        machine.established(now: eventLoop.now)
        update()
        scheduleRenewal()
        delegate?.webSocketClient(self, establishedWith: renewal.subprotocol)
        return true
    }

    func retired(_ failure: ConnectionFailure) {
        retiring = nil
        logDetail { "the connection before has ended: \(Redactor(allSecrets).redact(failure.reason))" }
        delegate?.webSocketClientPredecessorEnded(self)
        completeShutdown()
    }
}
