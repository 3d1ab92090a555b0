package import TLS
package import WSClient

/// `bearer_token: { command: [...] }`: a program whose standard output is the token.
package struct TokenCommandConfiguration: Sendable, Hashable {
    /// The program and its arguments; no shell.
    package var arguments: [String]
    package var timeout: Duration = .seconds(5)

    package init(arguments: [String]) {
        self.arguments = arguments
    }

    /// The program's name for messages, without what stands behind a blank: people write a whole line.
    package static func shown(_ program: String) -> String {
        let name = program.prefix { !$0.isWhitespace }
        return quoted(name.count < program.count ? "\(name) …" : program, limit: 100)
    }
}

/// `basic_auth:` of a connection.
package struct BasicAuthConfiguration: Sendable, Hashable {
    package var username: Secret
    package var password: Secret

    package init(username: Secret, password: Secret) {
        self.username = username
        self.password = password
    }
}

/// `oauth2:` of a connection: the client credentials grant (RFC 6749, section 4.4).
package struct OAuthConfiguration: Sendable, Hashable {
    /// How the client says who it is (RFC 6749, section 2.3.1).
    package enum AuthStyle: String, Sendable, Hashable, CaseIterable {
        case basic
        case body
    }

    package var tokenEndpoint: TokenEndpointAddress
    package var clientID: String
    package var clientSecret: Secret
    package var scope: String?
    package var audience: String?
    package var authStyle = AuthStyle.basic
    package var timeout: Duration = .seconds(5)
    package var tls = TLSConfiguration()

    package init(tokenEndpoint: TokenEndpointAddress, clientID: String, clientSecret: Secret) {
        self.tokenEndpoint = tokenEndpoint
        self.clientID = clientID
        self.clientSecret = clientSecret
    }
}

/// `token_url:`, where tokens are asked for.
package struct TokenEndpointAddress: Sendable, Hashable, CustomStringConvertible {
    /// As the rules for proxies and certificates see it, to which `https` is what `wss` is.
    package let url: WebSocketURL

    package init(_ url: WebSocketURL) { self.url = url }

    package init(_ url: ServerURL) { self.url = WebSocketURL(url, isSecure: url.scheme == URLSchemes.web.secure) }

    /// Host and port, as the `Host` header and messages have them: without a port that goes without saying.
    package var server: String { url.hostHeader }

    /// Without the query, which may hold a secret.
    package var description: String { "\(url.isSecure ? "https" : "http")://\(server)\(url.path.prefix { $0 != "?" })" }
}

/// One cookie of a connection's `cookies:`.
package struct CookieConfiguration: Sendable, Hashable {
    package var name: String
    package var value: Secret

    package init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }
}
