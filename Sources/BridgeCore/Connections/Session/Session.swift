import NIOCore
import TLS
import WSClient

/// What a session wants done with its connection.
///
/// Used on the gateway's event loop only.
protocol SessionHost: AnyObject {
    func sessionSends(_ text: String)
    /// Hide these values in whatever is shown from now on.
    func sessionLearned(_ secrets: [String])
    /// Whether a value that isn't known yet is expected, so that no message may be shown.
    func sessionConceals(_ isConcealing: Bool)
    /// The server refused a step that told it a secret: other credentials are needed.
    func sessionCredentialsWereRefused()
    /// How far the script is has changed.
    func sessionProgressed()
    /// Messages may flow.
    func sessionReady()
    /// The connection is of no use and has to end.
    func sessionGivesUp(because reason: String, code: CloseCode, _ failure: SessionFailure)
}

extension SessionHost {
    /// Ignores it.
    func sessionCredentialsWereRefused() {}
}

/// A connection's session at work: the script at each establishment, heartbeats, the watch over silence, and the
/// envelope around each message.
///
/// Used on the gateway's event loop only. It decides nothing itself: its two machines do.
final class Session {
    let script: SessionScript
    weak var host: (any SessionHost)?
    private let eventLoop: any EventLoop
    private var machine: SessionStateMachine
    private var liveness: LivenessStateMachine
    private var values: [String: String] = [:]
    private var timer: Scheduled<Void>?
    private let tally: SessionTally

    /// - Throws: `MatchError` or `JSONPathError` for what the configuration's check should have refused.
    init?(_ connection: ConnectionConfiguration, tally: SessionTally, eventLoop: any EventLoop) throws {
        let session = connection.session ?? SessionConfiguration()
        guard connection.session != nil || !connection.heartbeats.isEmpty || connection.silenceTimeout != nil else {
            return nil
        }
        self.eventLoop = eventLoop
        self.tally = tally
        script = try SessionScript(session, heartbeats: connection.heartbeats)
        machine = SessionStateMachine(session)
        liveness = LivenessStateMachine(connection.heartbeats, silence: connection.silenceTimeout)
    }

    /// Whether messages may flow.
    var isReady: Bool { machine.state == .ready }

    /// What the session waits for, in words; `nil` when it doesn't run.
    var progress: String? { machine.awaitedStep.map { "the session runs: \(name(of: $0))" } }

    private func name(of step: Int) -> String { "session step \(step + 1) of \(script.steps.count)" }

    // MARK: The connection's life

    /// The WebSocket connection is there, with the subprotocol that the server chose.
    func established(subprotocol: String?) {
        let now = eventLoop.now
        liveness.established(now: now)
        if let wanted = script.subprotocol, subprotocol != wanted {
            let chosen = subprotocol.map { "but \(readable($0, limit: 60))" } ?? "or any other"
            return give(up: "server did not choose the subprotocol \(wanted) \(chosen)", .fault)
        }
        do {
            try learnVariables()
        } catch {
            return give(up: "\(error)", .fault)
        }
        proceed(machine.begin(now: now))
    }

    /// The connection is gone.
    func ended() {
        timer?.cancel()
        timer = nil
        machine.ended()
        liveness.ended()
        values = [:]
        host?.sessionConceals(false)
    }

    func readingPaused() {
        machine.paused(now: eventLoop.now)
        liveness.paused(now: eventLoop.now)
    }

    func readingResumed() {
        machine.resumed(now: eventLoop.now)
        liveness.resumed(now: eventLoop.now)
        armTimer()
    }

    // MARK: Messages

    /// Takes what isn't for routes out of what one read held, and the envelope off the rest.
    func received(_ batch: MessageBatch) -> MessageBatch {
        guard script.inspectsAlways || machine.awaitedStep != nil else {
            liveness.receivedMessages(haveData: true, now: batch.receivedAt)
            return batch
        }
        let split = script.envelope.split(batch)
        tally.records += split.count
        var kept = MessageBatch(bytes: split.bytes, entries: [], receivedAt: split.receivedAt)
        kept.entries.reserveCapacity(split.count)
        var haveData = false
        split.withUnsafeBytes { bytes in
            for entry in split.entries {
                let payload = UnsafeRawBufferPointer(rebasing: bytes[entry.payload])
                switch role(of: payload, entry.kind) {
                case .data:
                    haveData = true
                    kept.entries.append(script.envelope.unwrap(entry, in: bytes))
                case .forwarded:
                    tally.forwarded += 1
                    kept.entries.append(entry)
                case .taken:
                    break
                }
            }
        }
        liveness.receivedMessages(haveData: haveData, now: split.receivedAt)
        return kept
    }

    /// What goes over the wire for these messages.
    func wrap(_ batch: WebSocketMessageBatch) -> WebSocketMessageBatch { script.envelope.wrap(batch) }

    private enum Role {
        case data
        /// Not data, but routes want to see it.
        case forwarded
        case taken
    }

    private func role(of payload: UnsafeRawBufferPointer, _ kind: MessageKind) -> Role {
        if let step = machine.awaitedStep, consume(payload, kind, in: step) {
            tally.consumed += 1
            return script.steps[step].forward ? .forwarded : .taken
        }
        guard machine.state != .failed else { return .data }
        for (index, beat) in script.beats.enumerated() where recognise(payload, kind, as: beat, index) {
            tally.heartbeats += 1
            return beat.forward ? .forwarded : .taken
        }
        for ending in script.endings where ending.match.matches(payload, kind: kind) {
            give(up: "server ended the session: \(Self.shown(payload))", ending.failure)
            break
        }
        return .data
    }

    /// Whether the step has waited for this message.
    private func consume(_ payload: UnsafeRawBufferPointer, _ kind: MessageKind, in step: Int) -> Bool {
        let wanted = script.steps[step]
        if wanted.failOn?.matches(payload, kind: kind) == true {
            if script.tellsSecret(before: step) { host?.sessionCredentialsWereRefused() }
            fail(machine.refused(), because: "server refused: \(Self.shown(payload))")
            return true
        }
        if let misfit = wanted.misfit, misfit.match.matches(payload, kind: kind) {
            fail(machine.refused(), because: misfit.words)
            return true
        }
        guard wanted.expect?.matches(payload, kind: kind) == true else { return false }
        if wanted.announcesTimes, let times = EngineIOOpenPacket(payload) {
            liveness.announced(interval: times.pingInterval, timeout: times.pingTimeout, now: eventLoop.now)
        }
        for capture in wanted.captures {
            guard let value = CapturedValue.find(capture.path, in: payload) else {
                let reason = "the expected message has no value at \(capture.path.description)"
                fail(machine.disappointed(), because: reason)
                return true
            }
            values[capture.name] = value
        }
        let learned = wanted.captures.compactMap { values[$0.name] }
        if !learned.isEmpty { learn(learned) }
        proceed(machine.matched(now: eventLoop.now))
        return true
    }

    /// Whether this message is the heartbeat, or the answer to it.
    private func recognise(
        _ payload: UnsafeRawBufferPointer,
        _ kind: MessageKind,
        as beat: SessionScript.Beat,
        _ index: Int
    ) -> Bool {
        if beat.expect?.matches(payload, kind: kind) == true {
            liveness.answered(index)
            return true
        }
        guard beat.answer?.matches(payload, kind: kind) == true else { return false }
        if let with = beat.with { send(with) }
        return true
    }

    private static func shown(_ payload: UnsafeRawBufferPointer) -> String {
        readable(String(decoding: payload.prefix(300), as: UTF8.self), limit: 200)
    }

    /// What routes didn't see, of this session's connection and those before.
    var stats: SessionStats {
        SessionStats(
            ready: isReady,
            consumed: tally.consumed,
            heartbeats: tally.heartbeats,
            forwarded: tally.forwarded,
            records: script.envelope == .plain ? nil : tally.records
        )
    }

    // MARK: Actions

    private func proceed(_ action: SessionStateMachine.ProceedAction) {
        switch action {
        case .send(let steps):
            host?.sessionConceals(steps.last.map { !script.steps[$0].captures.isEmpty } ?? false)
            send(steps)
            host?.sessionProgressed()
        case .sendAndFinish(let steps):
            host?.sessionConceals(false)
            send(steps)
            liveness.ready(now: eventLoop.now)
            host?.sessionReady()
        case .doNothing:
            return
        }
        armTimer()
    }

    private func send(_ steps: Range<Int>) {
        for index in steps {
            if let template = script.steps[index].send { send(template) }
        }
    }

    private func send(_ template: MessageTemplate) { host?.sessionSends(template.render(values)) }

    private func fail(_ action: SessionStateMachine.FailAction, because reason: String) {
        switch action {
        case .fail(let step, let failure): give(up: "\(name(of: step)): \(reason)", failure)
        case .doNothing: break
        }
    }

    private func give(up reason: String, _ failure: SessionFailure) {
        machine.gaveUp()
        stop()
        host?.sessionGivesUp(because: reason, code: .policyViolation, failure)
    }

    private func stop() {
        liveness.ended()
        timer?.cancel()
        timer = nil
        host?.sessionConceals(false)
    }

    private func learnVariables() throws {
        values = [:]
        for variable in script.variables { values[variable.name] = try SecretReader.read(variable.value) }
        learn(Array(values.values))
    }

    /// Shorter values would hide too much of what has nothing to do with them.
    private func learn(_ values: [String]) {
        let secrets = values.filter { $0.utf8.count >= EnvironmentSubstitution.shortestSecret }
        guard !secrets.isEmpty else { return }
        host?.sessionLearned(secrets + secrets.map(JSONText.escaped))
    }

    // MARK: Time

    private func armTimer() {
        timer?.cancel()
        timer = nil
        let deadlines = [machine.nextDeadline, liveness.nextDeadline].compactMap { $0 }
        guard let deadline = deadlines.min() else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.timerFired() }
    }

    private func timerFired() {
        let now = eventLoop.now
        if let step = machine.awaitedStep {
            let timeout = machine.timeout(of: step).words
            let reason = "no message that matches \(script.steps[step].words) within \(timeout)"
            fail(machine.timerFired(now: now), because: reason)
        }
        switch liveness.timerFired(now: now) {
        case .doNothing: break
        case .sendHeartbeat(let index):
            if let template = script.beats[index].send { send(template) }
        case .giveUpAnswer(let timeout):
            return end("server did not answer a heartbeat within \(timeout.words)")
        case .giveUpHeartbeat(let timeout):
            return end("server sent no heartbeat and nothing else for \(timeout.words)")
        case .giveUpSilence(let timeout):
            return end("server sent no message for \(timeout.words)")
        }
        if machine.state != .failed { armTimer() }
    }

    private func end(_ reason: String) {
        machine.gaveUp()
        stop()
        host?.sessionGivesUp(because: reason, code: .goingAway, .reconnect)
    }
}
