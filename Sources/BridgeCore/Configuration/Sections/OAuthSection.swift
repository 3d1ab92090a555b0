import TLS
import WSClient

/// The keys of `oauth2`.
enum OAuthKeys {
    static let tokenURL = Key(
        "token_url",
        .tokenEndpoint,
        default: "",
        "Where tokens are asked for, by POST, through the connection's `proxy` if there is one."
    )
    static let clientID = Key(
        "client_id",
        .text("a text", check: { $0.isEmpty ? "it is empty" : HeaderText.problem(with: $0) }),
        default: "",
        "The name by which the authorization server knows this client."
    )
    static let clientSecret = Key(
        "client_secret",
        .secret(for: .header),
        default: "",
        "A text, or `{ file: PATH }`, which is read again for each token."
    )
    static let scope = Key(
        "scope",
        .text("a text such as \"feed.read feed.write\"", check: HeaderText.problem),
        default: .model(\OAuthConfiguration.scope),
        "What the token is to be good for, with spaces between."
    )
    static let audience = Key(
        "audience",
        .text("a text", check: HeaderText.problem),
        default: .model(\OAuthConfiguration.audience),
        "For authorization servers that want to know which API the token is for."
    )
    static let authStyle = Key(
        "auth_style",
        ValueType<OAuthConfiguration.AuthStyle>.choice,
        default: .model(\OAuthConfiguration.authStyle),
        "How `client_id` and `client_secret` are sent: as basic authentication, or in the request's body."
    )
    static let timeout = Key(
        "timeout",
        .duration(.milliseconds(10) ... .seconds(600)),
        default: .model(\OAuthConfiguration.timeout),
        "How long the token endpoint may take, from the name lookup to the answer's end. It is part of `connect_timeout`."
    )
    static let tls = Key(
        "tls",
        .mapping(TLSKeys.place, id: "tls", read: TLSSection.read),
        default: "see below",
        "What is trusted and presented at the token endpoint; the connection's own `tls` doesn't apply there."
    )

    static let place = Place(
        id: "oauth2",
        path: "connections.NAME.oauth2",
        meaning:
            "A bearer token by OAuth 2 client credentials (RFC 6749, section 4.4), kept until shortly before it expires.",
        holdsSecrets: true,
        keys: [
            tokenURL.described, clientID.described, clientSecret.described, scope.described, audience.described,
            authStyle.described, timeout.described, tls.described,
        ]
    )
}

enum OAuthSection {
    static func read(_ reader: MappingReader) -> OAuthConfiguration? {
        for key in [OAuthKeys.tokenURL.name, OAuthKeys.clientID.name, OAuthKeys.clientSecret.name]
        where !reader.contains(key) {
            reader.error("\(reader.path) needs a \(key)")
        }
        let endpoint = reader.read(OAuthKeys.tokenURL)
        let clientID = reader.read(OAuthKeys.clientID)
        let clientSecret = reader.read(OAuthKeys.clientSecret)
        var oauth = OAuthConfiguration(
            tokenEndpoint: endpoint ?? OAuthConfiguration.defaults.tokenEndpoint,
            clientID: clientID ?? "",
            clientSecret: clientSecret ?? .literal("")
        )
        reader.read(OAuthKeys.scope, into: &oauth.scope)
        reader.read(OAuthKeys.audience, into: &oauth.audience)
        reader.read(OAuthKeys.authStyle, into: &oauth.authStyle)
        reader.read(OAuthKeys.timeout, into: &oauth.timeout)
        reader.read(OAuthKeys.tls, into: &oauth.tls)
        guard let endpoint, clientID != nil, clientSecret != nil else { return nil }
        if !endpoint.url.isSecure, !HostName.isLoopback(endpoint.url.host) {
            reader.context.warning(
                "client_secret and the token travel unencrypted: use https",
                at: reader.valuePosition(OAuthKeys.tokenURL.name)
            )
        }
        return oauth
    }
}

extension ValueType<TokenEndpointAddress> {
    static var tokenEndpoint: Self {
        let url = ValueType<ServerURL>.url(.web, example: "https://login.example.com/oauth2/token") { url in
            url.userInfo == nil ? nil : "a user and password can't stand in it: use client_id and client_secret"
        }
        return url.map { url, _, _ in TokenEndpointAddress(url) }
    }
}
