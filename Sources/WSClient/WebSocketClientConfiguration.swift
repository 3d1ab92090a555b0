public import TLS

/// Everything a `WebSocketClient` needs to know about its connection.
public struct WebSocketClientConfiguration: Sendable {
    /// A ping each interval, and how long its pong may take (RFC 6455, section 5.5.2).
    public struct KeepAlive: Sendable, Hashable {
        /// Whether pings are sent; some servers can't bear them.
        public var isEnabled: Bool
        /// From one ping to the next.
        public var interval: Duration
        /// How long a pong may take before the connection counts as dead.
        public var timeout: Duration

        /// A ping every 20 s whose pong may take 10 s, unless told otherwise.
        public init(isEnabled: Bool = true, interval: Duration = .seconds(20), timeout: Duration = .seconds(10)) {
            self.isEnabled = isEnabled
            self.interval = interval
            self.timeout = timeout
        }
    }

    /// How long to wait between attempts: a random time between zero and a delay that doubles.
    public struct Reconnect: Sendable, Hashable {
        /// The longest wait after the first failure.
        public var initialDelay: Duration
        /// The longest wait ever, but for what a server asks for by Retry-After, and for faults.
        public var maxDelay: Duration
        /// Established for so long: the delay starts afresh.
        public var stableAfter: Duration

        /// From 1 s to 60 s, afresh after 30 s, unless told otherwise.
        public init(
            initialDelay: Duration = .seconds(1),
            maxDelay: Duration = .seconds(60),
            stableAfter: Duration = .seconds(30)
        ) {
            self.initialDelay = initialDelay
            self.maxDelay = maxDelay
            self.stableAfter = stableAfter
        }
    }

    /// Where the server is.
    public var url: WebSocketURL
    /// What a `wss` connection trusts, presents and insists on.
    ///
    /// Its files are read anew at each attempt.
    public var tls = TLSConfiguration()
    /// The proxy on the way to a server, asked at each attempt and each redirect; `nil` is the direct way.
    ///
    /// What it throws is a fault whose description becomes the reason. `ProxyEnvironment` knows the usual variables.
    public var proxy: @Sendable (WebSocketURL) throws -> WebSocketProxy? = { _ in nil }
    /// Offered in this order; the server may choose one (RFC 6455, section 1.9).
    public var subprotocols: [String] = []
    /// Whether and how compression is offered; `nil` = not at all (RFC 7692).
    public var compression: WebSocketCompression?
    /// Request headers besides the handshake's own, evaluated anew at each attempt.
    ///
    /// What it throws is a fault whose description becomes the reason. Credentials that take time to get, or run out, come
    /// from `credentialSource` of the client.
    public var requestHeaders: @Sendable () throws -> [(name: String, value: String)] = { [] }
    /// `User-Agent` of the handshake and of what is asked of a proxy; a `User-Agent` among the headers goes before it, and
    /// `nil` sends none.
    public var userAgent: String?
    /// Said with the reason where the server leaves while reading is paused: what its owner can do about that.
    public var pausedAdvice: String?
    /// How long an attempt may take in all: name lookup, TCP, TLS, and the WebSocket handshake, redirects included.
    public var connectTimeout: Duration = .seconds(10)
    /// Pings and their deadline.
    public var keepAlive = KeepAlive()
    /// The most bytes of one incoming message; a larger one ends the connection with 1009.
    public var maxMessageSize = 16 << 20
    /// Text messages sent in order at each establishment, before anything else.
    public var onEstablished: [String] = []
    /// Whether a connection that was lost, or an attempt that failed, is tried again without a command.
    public var autoReconnect = true
    /// The waits between attempts.
    public var reconnect = Reconnect()
    /// How many redirects an attempt follows, from 0 to 3.
    ///
    /// Never from `wss` to `ws`, and without credentials to another host.
    public var followRedirects = 0
    /// How long before its credentials run out a connection is replaced by the next one, which is made first.
    ///
    /// `nil` = never. Only where `credentialSource` tells when they run out.
    public var renewBefore: Duration?
    /// How long the close handshake may take (RFC 6455, section 7.1.1).
    public var closeTimeout: Duration = .seconds(5)
    /// How many bytes of frames may wait for the network before `send` takes no more.
    ///
    /// A message that is larger goes alone.
    public var outboundLimit = 1 << 20
    /// Not shown in previews of messages, besides the credentials of the request.
    public var secrets: [String] = []

    /// The defaults, for a server at this address.
    public init(url: WebSocketURL) {
        self.url = url
    }
}
