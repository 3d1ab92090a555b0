import NIOCore

/// Why an attempt or a connection ended, in words for a person, and what that means for the next attempt.
struct ConnectionFailure: Error, Equatable, Sendable {
    enum Remedy: Equatable, Sendable {
        /// May pass by itself: try again with backoff.
        case waiting
        /// A person has to put something right: try again rarely.
        case person
        /// 401 or 403: may be a token that is just being renewed; twice in a row needs a person.
        case credentials
        /// The same, but there may be a fresh credential: try it at once, the first time.
        case freshCredentials
        /// The same were refused so often that only others are worth another attempt.
        case otherCredentials
    }

    /// A plain sentence, printable, without a secret.
    var reason: String
    var remedy: Remedy
    /// What the server asked for.
    var retryAfter: TimeAmount?
    /// The close code of the WebSocket connection, if there was one.
    var closeCode: CloseCode?
    /// A refusal's body as it came; not part of `reason` before its secrets are hidden.
    var said: [UInt8] = []
    /// True where the server refused the credentials, and didn't ask to try them again later.
    var refusesCredentials = false

    init(
        _ reason: String,
        remedy: Remedy = .waiting,
        retryAfter: TimeAmount? = nil,
        closeCode: CloseCode? = nil
    ) {
        self.reason = reason
        self.remedy = remedy
        self.retryAfter = retryAfter
        self.closeCode = closeCode
    }
}
