import WSClient

/// `session:` of a connection: what is said and awaited at each establishment, before anything else is sent.
package struct SessionConfiguration: Sendable, Hashable {
    /// Values for the templates, besides what steps capture.
    package var variables: [SessionVariable] = []
    package var steps: [SessionStep] = []
    /// What ends the connection at any later time.
    package var endings: [SessionEnding] = []
    package var envelope = Envelope.plain
    /// The subprotocol that the server has to choose.
    package var subprotocol: String?

    package init() {}

    /// What templates may name once all steps are through.
    var names: Set<String> { Set(variables.map(\.name) + steps.flatMap(\.captures).map(\.name)) }
}

/// A named value of a session, hidden in all that is shown.
package struct SessionVariable: Sendable, Hashable {
    package var name: String
    package var value: Secret
    /// True where it identifies us: it comes from a file, or its name says so.
    package var isSecret: Bool

    package init(_ name: String, _ value: Secret, isSecret: Bool? = nil) {
        self.name = name
        self.value = value
        self.isSecret = isSecret ?? (value.isFile || SecretName.matches(name))
    }
}

/// One step of a session: something is sent, or awaited, or first sent and then the answer awaited.
package struct SessionStep: Sendable, Hashable {
    package var send: MessageTemplate?
    package var expect: MatchConfiguration?
    /// A message that ends the step at once: the server's no.
    package var failOn: MatchConfiguration?
    package var captures: [SessionCapture] = []
    package var timeout: Duration = .seconds(10)
    /// `nil`: a timeout is a reason to reconnect, the server's no is a fault.
    package var onFailure: SessionFailure?
    /// A message that shows that the server speaks another protocol: a fault.
    package var misfit: SessionMisfit?
    /// Whether routes see what the step consumes.
    package var forward = false
    /// True where the expected message is an Engine.IO open packet, which announces times of heartbeats.
    package var announcesTimes = false

    package init(send: MessageTemplate? = nil, expect: MatchConfiguration? = nil, failOn: MatchConfiguration? = nil) {
        self.send = send
        self.expect = expect
        self.failOn = failOn
    }
}

/// A message that only another protocol's server sends, and the words that say so.
package struct SessionMisfit: Sendable, Hashable {
    package var match: MatchConfiguration
    package var words: String
}

/// A value that a step takes out of the message it expected.
package struct SessionCapture: Sendable, Hashable {
    package var name: String
    /// A JSON path.
    package var path: String

    package init(_ name: String, _ path: String) {
        self.name = name
        self.path = path
    }
}

/// What follows from a step's failure.
package enum SessionFailure: String, Sendable, Hashable, CaseIterable {
    /// It may pass: the usual backoff.
    case reconnect
    /// A person must put it right: tried again rarely.
    case fault
}

/// A message after which the connection is no use any more.
package struct SessionEnding: Sendable, Hashable {
    package var match: MatchConfiguration
    package var failure: SessionFailure

    package init(_ match: MatchConfiguration, _ failure: SessionFailure) {
        self.match = match
        self.failure = failure
    }
}
