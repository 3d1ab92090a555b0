package import TLS
package import WSClient

/// One entry of `connections:` a WebSocket client connection, kept alive.
package struct ConnectionConfiguration: Sendable, Hashable {
    package var name: String
    /// `url`, or `hostname`, `path`, `protocol` and `port`.
    package var endpoint: WebSocketURL
    package var autoConnect = true
    package var autoReconnect = true
    package var reconnect = ReconnectConfiguration()
    package var connectTimeout: Duration = .seconds(10)
    package var sendKeepAlive = true
    package var keepAlive = KeepAliveConfiguration()
    /// No data message for so long: reconnect.
    ///
    /// `nil` = never.
    package var silenceTimeout: Duration?
    package var bearerToken: Secret?
    /// `bearer_token: { command: … }`.
    package var tokenCommand: TokenCommandConfiguration?
    package var basicAuth: BasicAuthConfiguration?
    package var oauth2: OAuthConfiguration?
    /// The next connection is made so long before the token expires; `nil` = never.
    package var renewBefore: Duration?
    /// In the order of the file.
    package var cookies: [CookieConfiguration] = []
    /// In the order of the file.
    package var headers: [HeaderConfiguration] = []
    package var subprotocols: [String] = []
    /// `nil` = permessage-deflate isn't offered.
    package var compression: CompressionConfiguration?
    /// In bytes.
    package var maxMessageSize = 16 << 20
    /// Text messages sent in order at each (re)connect, before anything else.
    package var onEstablished: [String] = []
    package var session: SessionConfiguration?
    /// The preset's, and the connection's own.
    package var heartbeats: [HeartbeatConfiguration] = []
    package var tls = TLSConfiguration()
    package var followRedirects = 0
    package var proxy = ProxyConfiguration.environment(ProxyEnvironment())
    package var extendedLogging = false
    package var logComms = false

    package init(name: String, endpoint: WebSocketURL) {
        self.name = name
        self.endpoint = endpoint
    }
}

/// One request header; the value may be a secret.
package struct HeaderConfiguration: Sendable, Hashable {
    package var name: String
    package var value: Secret

    package init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }

    /// Whether the value is, by the header's name, likely one that others must not read.
    package var isSecret: Bool { SecretName.matches(name) }

    /// Whether it is for the configured server only.
    var isConfidential: Bool {
        switch value {
        case .file: true
        case .literal: isSecret
        }
    }
}

/// `reconnect:` full jitter between zero and a delay that doubles from `initialDelay` to `maxDelay`.
package struct ReconnectConfiguration: Sendable, Hashable {
    private static let usual = WebSocketClientConfiguration.Reconnect()

    package var initialDelay = usual.initialDelay
    package var maxDelay = usual.maxDelay
    /// Established for so long: the backoff starts afresh.
    package var stableAfter = usual.stableAfter

    package init() {}
}

/// `keep_alive:` of a connection: a ping each interval, and how long its pong may take.
package struct KeepAliveConfiguration: Sendable, Hashable {
    private static let usual = WebSocketClientConfiguration.KeepAlive()

    package var interval = usual.interval
    package var timeout = usual.timeout

    package init() {}
}
