import NIOCore

/// A session and the heartbeats of a connection, compiled: templates and matches instead of texts.
struct SessionScript {
    struct Step {
        var send: MessageTemplate?
        var expect: Matcher?
        var failOn: Matcher?
        var captures: [(name: String, path: JSONPath)]
        var forward: Bool
        var misfit: (match: Matcher, words: String)?
        var announcesTimes: Bool
        /// What is awaited, for a reason.
        var words: String
    }

    struct Beat {
        var send: MessageTemplate?
        var expect: Matcher?
        var answer: Matcher?
        var with: MessageTemplate?
        var forward: Bool
    }

    struct Ending {
        var match: Matcher
        var failure: SessionFailure
    }

    let steps: [Step]
    let beats: [Beat]
    let endings: [Ending]
    let envelope: Envelope
    let variables: [SessionVariable]
    let subprotocol: String?

    /// - Throws: `MatchError` or `JSONPathError` for what the configuration's check should have refused.
    init(_ session: SessionConfiguration, heartbeats: [HeartbeatConfiguration]) throws {
        steps = try session.steps.map { try Step($0) }
        beats = try heartbeats.map { try Beat($0) }
        endings = try session.endings.map { Ending(match: try Matcher($0.match), failure: $0.failure) }
        envelope = session.envelope
        variables = session.variables
        subprotocol = session.subprotocol
    }

    /// True where the last text sent up to this step told the server a secret of the configuration.
    func tellsSecret(before step: Int) -> Bool {
        steps.prefix(step + 1).compactMap(\.send).last.map(tellsSecret) ?? false
    }

    /// True where the steps can't be through unless the server answered after it was told the last secret.
    var awaitsAnswerToSecret: Bool {
        guard let last = steps.lastIndex(where: { $0.send.map(tellsSecret) ?? false }) else { return false }
        return steps[last...].contains { $0.expect != nil }
    }

    private func tellsSecret(_ text: MessageTemplate) -> Bool {
        text.names.contains { name in variables.contains { $0.isSecret && $0.name == name } }
    }

    /// Whether each message has to be looked at, even when the steps are through.
    var inspectsAlways: Bool {
        envelope != .plain || !endings.isEmpty || beats.contains { $0.expect != nil || $0.answer != nil }
    }
}

extension SessionScript.Step {
    fileprivate init(_ step: SessionStep) throws {
        send = step.send
        expect = try step.expect.map { try Matcher($0) }
        failOn = try step.failOn.map { try Matcher($0) }
        captures = try step.captures.map { ($0.name, try JSONPath($0.path)) }
        misfit = try step.misfit.map { (try Matcher($0.match), $0.words) }
        announcesTimes = step.announcesTimes
        forward = step.forward
        words = step.expect?.words ?? ""
    }
}

extension SessionScript.Beat {
    fileprivate init(_ heartbeat: HeartbeatConfiguration) throws {
        send = heartbeat.send
        expect = try heartbeat.expect.map { try Matcher($0) }
        answer = try heartbeat.answer.map { try Matcher($0) }
        with = heartbeat.with
        forward = heartbeat.forward
    }
}

extension SessionStateMachine {
    init(_ session: SessionConfiguration) {
        self.init(
            steps: session.steps.map {
                Step(timeout: $0.expect == nil ? nil : TimeAmount($0.timeout), onFailure: $0.onFailure)
            }
        )
    }
}

extension LivenessStateMachine {
    init(_ heartbeats: [HeartbeatConfiguration], silence: Duration?) {
        self.init(
            beats: heartbeats.map { heartbeat in
                Beat(
                    every: heartbeat.send == nil ? nil : TimeAmount(heartbeat.every),
                    timeout: heartbeat.expect == nil ? nil : TimeAmount(heartbeat.timeout),
                    announced: heartbeat.announced
                )
            },
            within: heartbeats.compactMap(\.within).min().map { TimeAmount($0) },
            silence: silence.map { TimeAmount($0) }
        )
    }
}
