import Logging
import WSClient

extension Connection: SessionHost {
    func sessionSends(_ text: String) {
        let batch = WebSocketMessageBatch(text: text)
        if client.sendUnbounded(session?.wrap(batch) ?? batch) { noteSent(1, of: batch) }
    }

    func sessionLearned(_ secrets: [String]) { hide(secrets) }

    func sessionConceals(_ isConcealing: Bool) { client.concealsReceived = isConcealing }

    func sessionProgressed() {
        guard !isShuttingDown else { return }
        reporter.changed(to: statusPayload)
    }

    func sessionReady() {
        guard !isShuttingDown else { return }
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
    /// Reads nothing more for now; what times out for want of messages waits as well.
    func pauseReading() {
        session?.readingPaused()
        client.pauseReading()
    }

    func resumeReading() {
        session?.readingResumed()
        client.resumeReading()
    }
}

extension Session {
    var stats: SessionStats {
        SessionStats(
            ready: isReady,
            consumed: consumed,
            heartbeats: heartbeats,
            forwarded: forwarded,
            records: script.envelope == .plain ? nil : records
        )
    }
}
