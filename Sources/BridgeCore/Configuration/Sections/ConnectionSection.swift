import TLS
import WSClient

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
    static let path = Key(
        "path",
        .requestPath,
        default: .model(\WebSocketURL.path),
        "The path of the request, with its query."
    )
    static let `protocol` = Key(
        "protocol",
        ValueType<WebSocketProtocol>.choice,
        default: .value(.byDefault),
        "`wss` is WebSocket over TLS, `ws` is without."
    )
    static let port = Key(
        "port",
        .integer(0...65535),
        default: .value(EndpointSection.protocolsPort),
        "The TCP port; 0 = the protocol's default, 80 or 443."
    )
    static let autoConnect = Key(
        "auto_connect",
        .boolean,
        default: .model(\ConnectionConfiguration.autoConnect),
        "Connect when the gateway starts."
    )
    static let autoReconnect = Key(
        "auto_reconnect",
        .boolean,
        default: .model(\ConnectionConfiguration.autoReconnect),
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
        default: .model(\ConnectionConfiguration.connectTimeout),
        "How long name lookup, TCP, TLS and the handshake may take together."
    )
    static let sendKeepAlive = Key(
        "send_keep_alive",
        .boolean,
        default: .model(\ConnectionConfiguration.sendKeepAlive),
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
        default: .model(\ConnectionConfiguration.silenceTimeout),
        "Connect again when no data came for so long, whatever pings and heartbeats say."
    )
    static let bearerToken = Key(
        "bearer_token",
        .bearerToken,
        default: "none",
        "Sent as `Authorization: Bearer …`. A text, `{ file: PATH }`, or `{ command: [ PROGRAM, … ] }`."
    )
    static let basicAuth = Key(
        "basic_auth",
        .basicAuth,
        default: .model(\ConnectionConfiguration.basicAuth),
        "User and password, sent as `Authorization: Basic …`."
    )
    static let oauth2 = Key(
        "oauth2",
        .mapping(OAuthKeys.place, id: "oauth2", read: OAuthSection.read),
        default: .model(\ConnectionConfiguration.oauth2),
        "A bearer token by OAuth 2 client credentials."
    )
    static let cookies = Key(
        "cookies",
        .cookies,
        default: .model(\ConnectionConfiguration.cookies),
        "Cookies by name, sent in one `Cookie` header. A value may be `{ file: PATH }`."
    )
    static let renewBefore = Key(
        "renew_before",
        .durationOrNone(.seconds(1) ... .seconds(86_400)),
        default: .model(\ConnectionConfiguration.renewBefore),
        "How long before its token expires a connection is replaced by the next one, which is established first."
    )
    static let headers = Key(
        "headers",
        .headers,
        default: .model(\ConnectionConfiguration.headers),
        "More request headers, by name. A value may be `{ file: PATH }`."
    )
    static let subprotocols = Key(
        "subprotocols",
        .subprotocols,
        default: .model(\ConnectionConfiguration.subprotocols),
        "The subprotocols to offer, the preferred first."
    )
    static let compression = Key(
        "compression",
        .compression,
        default: .model(\ConnectionConfiguration.compression),
        "Offer permessage-deflate: `true`, or a mapping of the keys below."
    )
    static let maxMessageSize = Key(
        "max_message_size",
        .size(1...(1 << 30)),
        default: .model(\ConnectionConfiguration.maxMessageSize),
        "A longer message ends the connection (close 1009)."
    )
    static let onEstablished = Key(
        "on_established",
        .list(of: .message, example: #"[ '{"op":"subscribe"}' ]"#),
        default: .model(\ConnectionConfiguration.onEstablished),
        "Text messages that are sent in order at each (re)connect, before anything else."
    )
    static let session = Key(
        "session",
        SessionSection.type,
        default: "none",
        "What is said and awaited at each (re)connect, before anything else is sent."
    )
    static let heartbeat = Key(
        "heartbeat",
        .mapping(HeartbeatKeys.place, id: "heartbeat", read: HeartbeatSection.read),
        default: "none",
        "Messages that only say that both ends are alive, for servers that want more than pings."
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
        default: .model(\ConnectionConfiguration.followRedirects),
        "How many HTTP redirects to follow; never from wss to ws."
    )
    static let proxy = Key(
        "proxy",
        .proxy,
        default: .model(\ConnectionConfiguration.proxy),
        "The proxy on the way, to the server and to `oauth2`'s token endpoint: its URL, or a mapping with `password`. "
            + "`environment` asks the variables `http_proxy` (ws, http), `https_proxy` (wss, https), `all_proxy` and "
            + "`no_proxy`."
    )
    static let extendedLogging = Key(
        "extended_logging",
        .boolean,
        default: .model(\ConnectionConfiguration.extendedLogging),
        "Say each step of this connection's life in the log."
    )
    static let logComms = Key(
        "log_comms",
        .boolean,
        default: .model(\ConnectionConfiguration.logComms),
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
            basicAuth.described, oauth2.described, renewBefore.described, cookies.described, headers.described,
            subprotocols.described, compression.described, maxMessageSize.described,
            onEstablished.described, session.described, heartbeat.described, tls.described, followRedirects.described,
            proxy.described, extendedLogging.described, logComms.described,
        ]
    )
}

enum ConnectionSection {
    static func read(_ name: String, _ reader: MappingReader) -> ConnectionConfiguration? {
        // Read in any case: what is wrong further down is to be said too.
        let endpoint = EndpointSection.read(reader)
        var connection = ConnectionConfiguration(name: name, endpoint: endpoint ?? .nowhere)
        reader.read(ConnectionKeys.autoConnect, into: &connection.autoConnect)
        reader.read(ConnectionKeys.autoReconnect, into: &connection.autoReconnect)
        reader.read(ConnectionKeys.reconnect, into: &connection.reconnect)
        reader.read(ConnectionKeys.connectTimeout, into: &connection.connectTimeout)
        reader.read(ConnectionKeys.sendKeepAlive, into: &connection.sendKeepAlive)
        reader.read(ConnectionKeys.keepAlive, into: &connection.keepAlive)
        reader.read(ConnectionKeys.silenceTimeout, into: &connection.silenceTimeout)
        switch reader.read(ConnectionKeys.bearerToken) {
        case .secret(let token): connection.bearerToken = token
        case .command(let command): connection.tokenCommand = command
        case nil: break
        }
        reader.read(ConnectionKeys.basicAuth, into: &connection.basicAuth)
        reader.read(ConnectionKeys.oauth2, into: &connection.oauth2)
        reader.read(ConnectionKeys.renewBefore, into: &connection.renewBefore)
        reader.read(ConnectionKeys.cookies, into: &connection.cookies)
        reader.read(ConnectionKeys.headers, into: &connection.headers)
        reader.read(ConnectionKeys.subprotocols, into: &connection.subprotocols)
        reader.read(ConnectionKeys.compression, into: &connection.compression)
        reader.read(ConnectionKeys.maxMessageSize, into: &connection.maxMessageSize)
        reader.read(ConnectionKeys.onEstablished, into: &connection.onEstablished)
        SessionSection.apply(to: &connection, reader)
        reader.read(ConnectionKeys.tls, into: &connection.tls)
        reader.read(ConnectionKeys.followRedirects, into: &connection.followRedirects)
        connection.proxy = .environment(reader.context.defaults.proxyEnvironment)
        reader.read(ConnectionKeys.proxy, into: &connection.proxy)
        reader.read(ConnectionKeys.extendedLogging, into: &connection.extendedLogging)
        reader.read(ConnectionKeys.logComms, into: &connection.logComms)

        CredentialChecks.check(connection, reader)
        guard let endpoint else { return nil }
        ProxySection.check(connection, reader)
        warnOfPlainText(connection, endpoint, reader)
        return connection
    }

    private static func warnOfPlainText(
        _ connection: ConnectionConfiguration,
        _ endpoint: WebSocketURL,
        _ reader: MappingReader
    ) {
        guard !endpoint.isSecure else { return }
        if let tls = reader.entry(ConnectionKeys.tls.name), case .mapping(let entries) = tls.value.content,
            !entries.isEmpty, !connection.proxy.isSecure
        {
            reader.context.warning("tls has no effect on a ws connection: use wss", at: tls.keyPosition)
        }
        if connection.session?.variables.isEmpty == false, endpoint.socketPath == nil,
            !HostName.isLoopback(endpoint.host)
        {
            reader.context.warning(
                "what the session sends travels unencrypted: use wss",
                at: reader.keyPosition(ConnectionKeys.session.name)
            )
        }
        CredentialChecks.warnOfPlainText(connection, endpoint, reader)
    }
}
