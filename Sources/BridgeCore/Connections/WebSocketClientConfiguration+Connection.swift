import WSClient

extension WebSocketClientConfiguration {
    /// What the client needs to know of a configured connection.
    ///
    /// - Throws: `WebSocketURLError` for an address that the configuration's check should have refused.
    init(_ connection: ConnectionConfiguration, secrets: [String]) throws {
        let endpoint = connection.endpoint
        self.init(
            url: try WebSocketURL(
                isSecure: endpoint.isSecure,
                host: endpoint.host,
                port: endpoint.port,
                path: endpoint.path,
                userInfo: try endpoint.userInfo.map(SecretReader.read)
            )
        )
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
        onEstablished = connection.onEstablished
        autoReconnect = connection.autoReconnect
        reconnect = Reconnect(
            initialDelay: connection.reconnect.initialDelay,
            maxDelay: connection.reconnect.maxDelay,
            stableAfter: connection.reconnect.stableAfter
        )
        renewBefore = connection.renewBefore
        followRedirects = connection.followRedirects
        self.secrets = secrets
    }
}
