/// The keys of `connections.NAME`.
enum ConnectionKeys {
    static let url = Key(
        "url",
        .webSocketURL,
        default: "",
        "Where the server is. Or `hostname`, `path`, `protocol` and `port`."
    )
    static let hostname = Key(
        "hostname",
        .hostname,
        default: "",
        "The server's name or address, without a scheme; instead of `url`."
    )
    static let path = Key("path", .requestPath, default: "/", "The path of the request, with its query.")
    static let `protocol` = Key(
        "protocol",
        ValueType<WebSocketProtocol>.choice,
        default: "wss",
        "`wss` is WebSocket over TLS, `ws` is without."
    )
    static let port = Key(
        "port",
        .integer(0...65535),
        default: "0",
        "The TCP port; 0 = the protocol's default, 80 or 443."
    )
    static let autoConnect = Key("auto_connect", .boolean, default: "true", "Connect when the gateway starts.")
    static let autoReconnect = Key(
        "auto_reconnect",
        .boolean,
        default: "true",
        "Connect again when the connection ends."
    )
    static let reconnect = Key(
        "reconnect",
        .mapping(ReconnectKeys.place, id: "reconnect", read: ReconnectSection.read),
        default: "see below",
        "How long to wait between attempts."
    )
    static let connectTimeout = Key(
        "connect_timeout",
        .duration(.milliseconds(10) ... .seconds(600)),
        default: "10s",
        "How long name lookup, TCP, TLS and the handshake may take together."
    )
    static let sendKeepAlive = Key(
        "send_keep_alive",
        .boolean,
        default: "true",
        "Send WebSocket pings; some servers don't like them."
    )
    static let keepAlive = Key(
        "keep_alive",
        .mapping(KeepAliveKeys.place, id: "keep_alive", read: KeepAliveSection.read),
        default: "see below",
        "When to send pings, and how long to wait for the pong."
    )
    static let silenceTimeout = Key(
        "silence_timeout",
        .durationOrNone(.milliseconds(10) ... .seconds(604_800)),
        default: "none",
        "Connect again when no message came for so long, pings or not."
    )
    static let bearerToken = Key(
        "bearer_token",
        .secret(check: HeaderText.problem),
        default: "none",
        "Sent as `Authorization: Bearer …`. A text, or `{ file: PATH }`."
    )
    static let headers = Key(
        "headers",
        .headers,
        default: "none",
        "More request headers, by name. A value may be `{ file: PATH }`."
    )
    static let subprotocols = Key(
        "subprotocols",
        .subprotocols,
        default: "[]",
        "The subprotocols to offer, the preferred first."
    )
    static let compression = Key("compression", .boolean, default: "false", "Offer permessage-deflate.")
    static let maxMessageSize = Key(
        "max_message_size",
        .size(1...(1 << 30)),
        default: "16MiB",
        "A longer message ends the connection (close 1009)."
    )
    static let onEstablished = Key(
        "on_established",
        .list(of: .message, example: #"[ '{"op":"subscribe"}' ]"#),
        default: "[]",
        "Text messages that are sent in order at each (re)connect, before anything else."
    )
    static let tls = Key(
        "tls",
        .mapping(TLSKeys.place, id: "tls", read: TLSSection.read),
        default: "see below",
        "What is trusted and presented; with `wss` only."
    )
    static let followRedirects = Key(
        "follow_redirects",
        .integer(0...3),
        default: "0",
        "How many HTTP redirects to follow; never from wss to ws."
    )
    static let proxy = Key(
        "proxy",
        .proxy,
        default: "environment",
        "The proxy on the way: its URL, or a mapping with `password`. `environment` asks the variables `http_proxy` (ws), "
            + "`https_proxy` (wss), `all_proxy` and `no_proxy`."
    )
    static let extendedLogging = Key(
        "extended_logging",
        .boolean,
        default: "false",
        "Say each step of this connection's life in the log."
    )
    static let logComms = Key(
        "log_comms",
        .boolean,
        default: "false",
        "Show each frame in the log, shortened, secrets hidden."
    )

    static let place = Place(
        id: "connection",
        path: "connections.NAME",
        meaning: "A WebSocket client connection, kept alive.",
        keys: [
            url.described, hostname.described, path.described, `protocol`.described, port.described,
            autoConnect.described, autoReconnect.described, reconnect.described, connectTimeout.described,
            sendKeepAlive.described, keepAlive.described, silenceTimeout.described, bearerToken.described,
            headers.described, subprotocols.described, compression.described, maxMessageSize.described,
            onEstablished.described, tls.described, followRedirects.described, proxy.described,
            extendedLogging.described, logComms.described,
        ]
    )
}

enum ConnectionSection {
    static func read(_ name: String, _ reader: MappingReader) -> ConnectionConfiguration? {
        // Read in any case: what is wrong further down is to be said too.
        let endpoint = EndpointSection.read(reader)
        let placeholder = WebSocketEndpoint(isSecure: true, host: "", port: 443, path: "/")
        var connection = ConnectionConfiguration(name: name, endpoint: endpoint ?? placeholder)
        reader.read(ConnectionKeys.autoConnect, into: &connection.autoConnect)
        reader.read(ConnectionKeys.autoReconnect, into: &connection.autoReconnect)
        reader.read(ConnectionKeys.reconnect, into: &connection.reconnect)
        reader.read(ConnectionKeys.connectTimeout, into: &connection.connectTimeout)
        reader.read(ConnectionKeys.sendKeepAlive, into: &connection.sendKeepAlive)
        reader.read(ConnectionKeys.keepAlive, into: &connection.keepAlive)
        reader.read(ConnectionKeys.silenceTimeout, into: &connection.silenceTimeout)
        reader.read(ConnectionKeys.bearerToken, into: &connection.bearerToken)
        reader.read(ConnectionKeys.headers, into: &connection.headers)
        reader.read(ConnectionKeys.subprotocols, into: &connection.subprotocols)
        reader.read(ConnectionKeys.compression, into: &connection.compression)
        reader.read(ConnectionKeys.maxMessageSize, into: &connection.maxMessageSize)
        reader.read(ConnectionKeys.onEstablished, into: &connection.onEstablished)
        reader.read(ConnectionKeys.tls, into: &connection.tls)
        reader.read(ConnectionKeys.followRedirects, into: &connection.followRedirects)
        connection.proxy = .environment(reader.context.defaults.proxyEnvironment)
        reader.read(ConnectionKeys.proxy, into: &connection.proxy)
        reader.read(ConnectionKeys.extendedLogging, into: &connection.extendedLogging)
        reader.read(ConnectionKeys.logComms, into: &connection.logComms)

        checkAuthorization(connection, reader)
        if connection.compression {
            reader.context.notInEffect(
                "compression",
                "messages travel uncompressed",
                at: reader.valuePosition(ConnectionKeys.compression.name)
            )
        }
        guard let endpoint else { return nil }
        ProxySection.check(connection, reader)
        warnOfPlainText(connection, endpoint, reader)
        return connection
    }

    /// One request has one Authorization.
    private static func checkAuthorization(_ connection: ConnectionConfiguration, _ reader: MappingReader) {
        let header = connection.headers.contains { $0.name.lowercased() == "authorization" }
        let hasToken = reader.contains(ConnectionKeys.bearerToken.name)
        if header, hasToken {
            reader.error(
                "bearer_token and headers.Authorization say the same: keep one of them",
                at: reader.keyPosition(ConnectionKeys.bearerToken.name)
            )
        }
        if connection.endpoint.userInfo != nil, header || hasToken {
            let other = hasToken ? "bearer_token" : "headers.Authorization"
            reader.error(
                "the url's user and password and \(other) say the same: keep one of them",
                at: reader.valuePosition(ConnectionKeys.url.name)
            )
        }
    }

    private static func warnOfPlainText(
        _ connection: ConnectionConfiguration,
        _ endpoint: WebSocketEndpoint,
        _ reader: MappingReader
    ) {
        guard !endpoint.isSecure else { return }
        if let tls = reader.entry(ConnectionKeys.tls.name), case .mapping(let entries) = tls.value.content,
            !entries.isEmpty
        {
            reader.context.warning("tls has no effect on a ws connection: use wss", at: tls.keyPosition)
        }
        if connection.bearerToken != nil, endpoint.socketPath == nil, !Loopback.isLoopback(endpoint.host) {
            reader.context.warning(
                "the token travels unencrypted: use wss",
                at: reader.keyPosition(ConnectionKeys.bearerToken.name)
            )
        }
    }
}
