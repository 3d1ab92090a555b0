/// What the command line asks a running gateway over the control socket: one JSON object a line.
package struct ControlRequest: Codable, Sendable, Equatable {
    package enum Verb: String, Codable, Sendable, CaseIterable {
        case status
        case connect
        case disconnect
        case send
        /// Switches `extended_logging` or `log_comms`.
        case log
    }

    package var verb: Verb
    package var connection: String?
    package var message: String?
    package var bearerToken: String?
    package var extendedLogging: Bool?
    package var logComms: Bool?

    package init(verb: Verb, connection: String? = nil, message: String? = nil) {
        self.verb = verb
        self.connection = connection
        self.message = message
    }
}

/// What a running gateway answers: one JSON object a line.
package struct ControlResponse: Codable, Sendable, Equatable {
    package enum Result: String, Codable, Sendable {
        case ok
        case unknownConnection = "unknown_connection"
        case notEstablished = "not_established"
        /// The connection's outbound queue is full.
        case busy
        case badRequest = "bad_request"
    }

    package var result: Result
    /// A sentence for the operator where the result is not `ok`.
    package var message: String?
    /// The answer to `status`.
    package var stats: GatewayStats?

    package init(_ result: Result, message: String? = nil, stats: GatewayStats? = nil) {
        self.result = result
        self.message = message
        self.stats = stats
    }
}

/// Answers control requests.
///
/// Called on the gateway's event loop.
package protocol ControlHandler: AnyObject {
    func handle(_ request: ControlRequest) -> ControlResponse
}
