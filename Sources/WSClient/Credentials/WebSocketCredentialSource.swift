public import NIOCore

/// Says who a `WebSocketClient` is, at each attempt: tokens that change, that take time to get, that run out.
///
/// Set as `credentialSource` of the client, and called on its event loop, which it must not hold up. For headers that
/// never change, `requestHeaders` of the configuration is enough.
public protocol WebSocketCredentialSource: AnyObject {
    /// Whether asking again may give something else than before.
    ///
    /// Then a first 401 or 403 is answered by a fresh credential at once; else it waits as other failures do.
    var isRenewable: Bool { get }

    /// The time between questions for other credentials, while the server has refused the present ones so often that they
    /// are no longer offered; `nil` = it has no others.
    var lookInterval: TimeAmount? { get }

    /// What the next request carries.
    ///
    /// It counts against `connectTimeout`. The client asks once at a time, but may ask for the next connection while the
    /// present one is still up.
    ///
    /// - Returns: The credentials, or a `WebSocketCredentialError`; any other error counts as a person's to put right.
    func credentials(for request: WebSocketCredentialRequest) -> EventLoopFuture<WebSocketCredentials>

    /// Nobody waits for the answer any more.
    func cancel()
}

extension WebSocketCredentialSource {
    /// A minute, if there may be others.
    public var lookInterval: TimeAmount? { isRenewable ? .minutes(1) : nil }
    /// Ignores it.
    public func cancel() {}
}

/// What a credential is wanted for.
public struct WebSocketCredentialRequest: Sendable, Hashable {
    /// The one before was refused or is about to run out: what is kept must not be given again.
    public var isFresh = false
    /// `false` while a token given at run time takes the place of the source's `Authorization`.
    public var includesAuthorization = true

    /// The usual request, unless told otherwise.
    public init(isFresh: Bool = false, includesAuthorization: Bool = true) {
        self.isFresh = isFresh
        self.includesAuthorization = includesAuthorization
    }
}

/// Headers that identify the client, and until when.
public struct WebSocketCredentials: Sendable {
    /// Sent to the configured server only, never to another that it redirects to, and hidden from logs.
    public var headers: [(name: String, value: String)]
    /// When the server stops taking them; `nil` = unknown.
    public var expires: NIODeadline?

    /// Secrets that are told to the server in messages: of no use here but to tell these credentials from others.
    ///
    /// The owner says when the server has taken them; without any, it has once it accepts the WebSocket.
    public var spoken: [String]

    /// Headers that hold for an unknown time, unless told otherwise.
    public init(headers: [(name: String, value: String)], expires: NIODeadline? = nil, spoken: [String] = []) {
        self.headers = headers
        self.expires = expires
        self.spoken = spoken
    }
}

/// Why there is no credential.
public struct WebSocketCredentialError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A plain sentence, printable, without a secret.
    public var reason: String
    /// Whether a person has to put something right; else it may pass, and is tried again with backoff.
    public var needsPerson: Bool
    /// How long the one who refused asks to be left alone.
    public var retryAfter: TimeAmount?

    /// A failure for this reason.
    public init(_ reason: String, needsPerson: Bool, retryAfter: TimeAmount? = nil) {
        self.reason = reason
        self.needsPerson = needsPerson
        self.retryAfter = retryAfter
    }

    /// The reason.
    public var description: String { reason }
}
