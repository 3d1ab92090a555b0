/// Why an attempt or a connection ended, in words for the operator, and how soon to try again.
struct ConnectionFailure: Error, Equatable, Sendable {
    enum Lane: Equatable, Sendable {
        /// It is part of an experiment that has few steps: waiting longer would tell no more.
        case atOnce
        /// It may work at the next attempt.
        case soon
        /// A person must put something right: tried again, but slowly.
        case slow
    }

    /// The worth of an end as a sign against what the connection carried.
    enum Evidence: Equatable, Sendable {
        /// The server ended it, or did not answer: it may be because of something that it got.
        case server
        /// The server did not answer in time, or the network failed: it may only be late.
        case silence
        /// It has nothing to do with what was sent.
        case none
    }

    var reason: String
    var lane: Lane
    var evidence = Evidence.server
    /// Of the CONNACK or DISCONNECT that ended it.
    var code: ReasonCode?

    init(_ reason: String, lane: Lane = .soon, evidence: Evidence = .server) {
        self.reason = reason
        self.lane = lane
        self.evidence = evidence
    }

    /// A CONNACK with a failure code.
    init(refusal code: ReasonCode) {
        self.init("the server refused the connection: \(code.withAdvice)", lane: code.needsAPerson ? .slow : .soon)
        self.code = code
    }

    /// A DISCONNECT with a failure code.
    ///
    /// One that is about a message is no reason to keep the others waiting.
    init(goodbye code: ReasonCode) {
        let isSlow = code.needsAPerson && !code.isAboutAMessage
        self.init("the server closed the connection: \(code.withAdvice)", lane: isSlow ? .slow : .soon)
        self.code = code
        if code.isAboutTheServer { evidence = .none }
    }
}
