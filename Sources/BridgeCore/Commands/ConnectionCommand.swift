import FoundationEssentials
package import NIOCore

/// What an operator asks a connection to do, over a command topic or the control socket.
package enum ConnectionCommand: Sendable, Hashable {
    /// Connect; with a token: with it as bearer token from now on.
    case connect(bearerToken: String?)
    /// Disconnect, and stay so until the next connect.
    case disconnect
    /// Send this as a text message.
    case send(ByteBuffer)

    /// The command of a topic's last level and its payload.
    package init(word: String, payload: ByteBuffer) throws(ConnectionCommandError) {
        switch word {
        case "connect": self = .connect(bearerToken: try Self.bearerToken(in: payload))
        case "disconnect": self = .disconnect
        case "send": self = .send(payload)
        default: throw .unknownWord(word)
        }
    }

    private static let tokenKey = "bearer_token"

    private static func bearerToken(in payload: ByteBuffer) throws(ConnectionCommandError) -> String? {
        guard payload.readableBytes > 0 else { return nil }
        // A key that is mistyped must not connect without the token.
        guard let body = try? JSONDecoder().decode([String: String?].self, from: Data(payload.readableBytesView)),
            body.keys.allSatisfy({ $0 == tokenKey })
        else { throw .malformedBody }
        guard let token = body[tokenKey].flatMap({ $0 }) else { return nil }
        guard isUsable(bearerToken: token) else { throw .unusableToken }
        return token
    }

    /// True for a text that may be sent as `Authorization: Bearer`.
    package static func isUsable(bearerToken token: String) -> Bool {
        !token.isEmpty && SecretUse.bearerToken.problem(with: token) == nil
    }
}

/// Why a command was not understood.
///
/// Never shows the payload: it may hold a token.
package enum ConnectionCommandError: Error, Sendable, Hashable, CustomStringConvertible {
    case unknownWord(String)
    case malformedBody
    case unusableToken

    package var description: String {
        switch self {
        case .unknownWord(let word): "no such command '\(word)'; there are connect, disconnect and send"
        case .malformedBody: "the payload of connect must be empty or JSON like {\"bearer_token\": \"...\"}"
        case .unusableToken: "the bearer token is empty or holds blanks, control or non-ASCII characters"
        }
    }
}
