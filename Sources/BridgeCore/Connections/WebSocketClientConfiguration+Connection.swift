import WSClient

extension WebSocketClientConfiguration {
    /// What the client needs to know of a configured connection.
    init(_ connection: ConnectionConfiguration, through way: ConnectionProxy, secrets: [String]) {
        self.init(url: connection.endpoint)
        tls = connection.tls
        subprotocols = connection.subprotocols
        requestHeaders = { ConnectionCredentials.plainHeaders(of: connection) }
        connectTimeout = connection.connectTimeout
        keepAlive = KeepAlive(
            isEnabled: connection.sendKeepAlive,
            interval: connection.keepAlive.interval,
            timeout: connection.keepAlive.timeout
        )
        maxMessageSize = connection.maxMessageSize
        compression = connection.compression.map(WebSocketCompression.init)
        onEstablished = connection.onEstablished
        autoReconnect = connection.autoReconnect
        reconnect = Reconnect(
            initialDelay: connection.reconnect.initialDelay,
            maxDelay: connection.reconnect.maxDelay,
            stableAfter: connection.reconnect.stableAfter
        )
        renewBefore = connection.renewBefore
        followRedirects = connection.followRedirects
        proxy = { try way.proxy(for: $0) }
        self.secrets = secrets
        pausedAdvice = Self.adviceOfFullQueues
    }

    /// A full queue keeps the connection from being read.
    private static let adviceOfFullQueues =
        "a full queue stood in the way; choose when_full: drop_oldest, a larger max_bytes or a spool (store: spill)"
}

extension WebSocketCompression {
    init(_ compression: CompressionConfiguration) {
        self.init()
        minimumSize = compression.minSize
        level = compression.level
        allowsOutgoingContextTakeover = compression.outgoingContextTakeover
        allowsIncomingContextTakeover = compression.incomingContextTakeover
        outgoingWindowBits = compression.outgoingWindowBits
        incomingWindowBits = compression.incomingWindowBits
        maximumRatio = compression.maxRatio
    }
}
