import Logging
import WSClient

extension Connection: SessionHost {
    func sessionSends(_ text: String) {
        let batch = WebSocketMessageBatch(text: text)
        if client.sendUnbounded(session?.wrap(batch) ?? batch) { noteSent(1, of: batch) }
    }

    func sessionLearned(_ secrets: [String]) { hide(secrets) }

    func sessionConceals(_ isConcealing: Bool) { client.concealsReceived = isConcealing }

    func sessionCredentialsWereRefused() { client.credentialsWereRefused() }

    func sessionProgressed() {
        guard !isShuttingDown else { return }
        reporter.changed(to: statusPayload)
    }

    func sessionReady() {
        guard !isShuttingDown else { return }
        if session?.script.awaitsAnswerToSecret == true { client.credentialsWereAccepted() }
        if let steps = session?.script.steps.count, steps > 0 {
            log.info("session is through, after \(steps) step\(steps == 1 ? "" : "s")")
            reporter.changed(to: statusPayload)
        }
        for sink in sinks { sink.connectionIsReady() }
    }

    func sessionGivesUp(because reason: String, code: CloseCode, _ failure: SessionFailure) {
        client.giveUp(because: reason, code: code, needsPerson: failure == .fault)
    }
}

extension Connection {
    /// The next connection is there: it has to say its first words before it takes over.
    func webSocketClient(_ client: WebSocketClient, prepares successor: WebSocketSuccessor) {
        guard session != nil,
            let next = try? Session(configuration, tally: tally, eventLoop: client.eventLoop)
        else {
            return successor.becomeReady()
        }
        if isReadingPaused { next.readingPaused() }
        let preparation = SessionPreparation(next, over: successor, of: self)
        self.preparation = preparation
        preparation.begin()
    }

    /// The next connection took over, and its session with it; says whether there was one.
    func adoptPreparedSession() -> Bool {
        guard let next = preparation?.session else { return false }
        preparation = nil
        session?.ended()
        // It sends nothing any more, and ends nothing.
        session?.host = nil
        retiredSession = session
        session = next
        next.host = self
        return true
    }

    /// The next connection came to nothing.
    func dropPreparation() {
        preparation?.session.ended()
        preparation = nil
    }

    /// Reads nothing more for now; what times out for want of messages waits as well.
    func pauseReading() {
        isReadingPaused = true
        for session in [session, preparation?.session] { session?.readingPaused() }
        for desk in replyDesks { desk.readingPaused() }
        client.pauseReading()
    }

    func resumeReading() {
        isReadingPaused = false
        for session in [session, preparation?.session] { session?.readingResumed() }
        for desk in replyDesks { desk.readingResumed() }
        client.resumeReading()
    }
}
