import NIOCore
import WSClient

/// The value of an `Authorization` header, and until when it holds.
struct Authorization: Sendable {
    var value: String
    /// What of it must show nowhere, besides the whole.
    var secrets: [String]
    /// `nil` = unknown.
    var expires: NIODeadline?

    /// A bearer token; one that is a JWT says itself when it expires.
    static func bearer(_ token: String, expires: NIODeadline? = nil) -> Authorization {
        Authorization(
            value: "Bearer \(token)",
            secrets: [token],
            expires: expires ?? JSONWebToken.expiry(of: token)
        )
    }
}

/// Where a connection's `Authorization` comes from.
///
/// Used on the gateway's event loop only.
protocol AuthorizationSource: AnyObject {
    /// Whether asking again may give something else.
    var isRenewable: Bool { get }
    /// The time between looks for another, where the present one was refused too often; `nil` = there is none.
    var lookInterval: TimeAmount? { get }

    /// What to send; with `isFresh` nothing that was given before.
    func authorization(isFresh: Bool) -> EventLoopFuture<Authorization>

    /// Nobody waits any more.
    func cancel()
}

extension AuthorizationSource {
    var lookInterval: TimeAmount? { isRenewable ? .minutes(1) : nil }

    func cancel() {}
}
