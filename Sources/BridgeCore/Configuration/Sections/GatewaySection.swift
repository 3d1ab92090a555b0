import WSClient

/// The top level of the file.
enum GatewayKeys {
    static let instance = Key(
        "instance",
        .text("a text that is one topic level", check: TopicLevel.problem),
        default: "the host name",
        "Part of every status topic, of `{instance}` in topic templates and of the default client ids; and the id by which "
            + "gateways in a ring know each other. No two gateways may share it."
    )
    static let stateDirectory = Key(
        "state_dir",
        .path,
        default: "$STATE_DIRECTORY, else none",
        "The folder for queues that spill to disk; `none` = no spool."
    )
    static let connections = Key(
        "connections",
        .named(ConnectionKeys.place, id: "connection", read: ConnectionSection.read),
        default: "none",
        "The WebSocket connections, by name."
    )
    static let brokers = Key(
        "mqtt",
        .named(BrokerKeys.place, id: "broker", read: BrokerSection.read),
        default: "none",
        "The MQTT brokers, by name."
    )
    static let status = Key(
        "status",
        .mapping(StatusKeys.place, id: "status", read: StatusSection.read),
        default: "see below",
        "Where the status topics go."
    )
    static let web = Key(
        "web",
        .mapping(WebKeys.place, id: "web", read: WebSection.read),
        default: "see below",
        "The status page, the read-only API and the metrics."
    )
    static let controlSocket = Key(
        "control_socket",
        .text("a text that is a path", check: SocketPath.problem),
        default: "$RUNTIME_DIRECTORY/control.sock, else in a runtime folder of the user",
        "The socket through which `wsbridge status`, `send`, `connect` and `disconnect` reach the gateway."
    )
    static let shutdownTimeout = Key(
        "shutdown_timeout",
        .duration(.zero ... .seconds(600)),
        default: .model(\GatewayConfiguration.shutdownTimeout),
        "How long queues may drain after SIGTERM."
    )
    static let log = Key(
        "log",
        .mapping(LogKeys.place, id: "log", read: LogSection.read),
        default: "see below",
        "How much is said on standard error, and in which form."
    )
    static let routes = Key(
        "routes",
        .named(RouteKeys.place, id: "route", read: RouteSection.read),
        default: "none",
        "The routes, by name."
    )

    static let place = Place(
        id: "gateway",
        path: "",
        meaning: "The top level of the file.",
        keys: [
            instance.described, stateDirectory.described, connections.described, brokers.described, status.described,
            web.described, controlSocket.described, shutdownTimeout.described, log.described, routes.described,
        ]
    )
}

/// Reads the whole file.
enum GatewaySection {
    static func read(_ root: YAMLNode, _ context: LoadingContext) -> GatewayConfiguration? {
        guard case .mapping(let entries) = root.content else { return nil }
        let start = Position(line: 1, column: 1)
        let field = Field(path: "", name: "the configuration", context: context)
        let reader = MappingReader(entries, of: GatewayKeys.place, field: field, position: start)
        let defaults = context.defaults

        var gateway = GatewayConfiguration(instance: defaults.instance, controlSocket: defaults.controlSocket)
        reader.read(GatewayKeys.instance, into: &gateway.instance)
        if !reader.contains(GatewayKeys.instance.name), let problem = TopicLevel.doubt(about: gateway.instance) {
            context.warning(
                "there is no instance, so it is the host name \(quoted(gateway.instance)), \(problem): topics and client "
                    + "ids hold it; write instance: NAME",
                at: start
            )
        }
        context.instance = gateway.instance
        gateway.stateDirectory = stateDirectory(reader, default: defaults.stateDirectory)
        context.hasStateDirectory = gateway.stateDirectory != nil

        collectNames(reader, context)
        reader.read(GatewayKeys.connections, into: &gateway.connections)
        reader.read(GatewayKeys.brokers, into: &gateway.brokers)
        BrokerSection.checkClientIDs(gateway.brokers, reader)
        gateway.status = status(reader, context)
        reader.read(GatewayKeys.web, into: &gateway.web)
        reader.read(GatewayKeys.controlSocket, into: &gateway.controlSocket)
        reader.read(GatewayKeys.shutdownTimeout, into: &gateway.shutdownTimeout)
        reader.read(GatewayKeys.log, into: &gateway.log)

        let routes = reader.read(GatewayKeys.routes) ?? []
        LoopCheck.check(routes, context)
        StatusEchoCheck.check(routes, gateway, context)
        SharedSourceCheck.check(routes, context)
        ReplyCheck.check(routes, context)
        gateway.routes = routes.compactMap(\.configuration)
        if !reader.contains(GatewayKeys.routes.name), !context.hasErrors {
            context.warning("there are no routes: nothing will be forwarded", at: start)
        }
        return gateway
    }

    private static func stateDirectory(_ reader: MappingReader, default fallback: String?) -> String? {
        let key = GatewayKeys.stateDirectory
        let entry = reader.entry(key.name)
        let path = entry == nil ? fallback : reader.read(key).flatMap { $0 == "none" ? nil : $0 }
        guard let path else { return nil }
        reader.context.note(
            PathUse(
                role: .stateDirectory,
                key: entry == nil ? "$STATE_DIRECTORY" : key.name,
                path: path,
                position: entry?.value.position ?? reader.position
            )
        )
        return path
    }

    /// Names are known before anything refers to them; brokers and connections share none.
    private static func collectNames(_ reader: MappingReader, _ context: LoadingContext) {
        func entries(_ name: String) -> [YAMLEntry] {
            guard case .mapping(let entries)? = reader.entry(name)?.value.content else { return [] }
            return entries
        }
        let connections = entries(GatewayKeys.connections.name)
        let brokers = entries(GatewayKeys.brokers.name)
        context.connectionNames = connections.map(\.key)
        context.brokerNames = brokers.map(\.key)
        for broker in brokers {
            guard let connection = connections.first(where: { $0.key == broker.key }) else { continue }
            let later = max(broker.keyPosition, connection.keyPosition)
            let line = min(broker.keyPosition, connection.keyPosition).line
            context.error(
                "\(quoted(broker.key)) is a connection and a broker (line \(line)): give one of them another name",
                at: later
            )
        }
    }

    /// Without the key the only broker carries the status topics; of several none is chosen.
    private static func status(_ reader: MappingReader, _ context: LoadingContext) -> StatusConfiguration? {
        if let choice = reader.read(GatewayKeys.status) { return choice }
        guard !reader.contains(GatewayKeys.status.name) else { return nil }
        return StatusSection.byDefault(context, at: reader.keyPosition(GatewayKeys.brokers.name))
    }
}

/// One level of a topic, where the user chooses its text.
enum TopicLevel {
    /// The reason for which a host's name is likely another tomorrow, or that of many; `nil` = none.
    static func doubt(about hostName: String) -> String? {
        let name = hostName.prefix { $0 != "." }.lowercased()
        if name.utf8.count == 12, name.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
            return "which looks like a container's id and changes with each new one"
        }
        return ["localhost", "raspberrypi"].contains(name) ? "which many machines have" : nil
    }

    static func problem(with text: String) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.utf8.count > 128 { return "it is longer than 128 bytes" }
        if text.hasPrefix("$") { return "a topic level can't begin with '$'" }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "+", "#", "/": return "a topic level can't hold '\(scalar)'"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}":
                return "a topic level can't hold control characters"
            default: continue
            }
        }
        return nil
    }
}

/// A path that a Unix domain socket can be bound to.
enum SocketPath {
    static func problem(with path: String) -> String? {
        if path.isEmpty { return "the path is empty" }
        if path.utf8.contains(0) { return "a path can't hold NUL" }
        if path.hasPrefix("~") { return "'~' isn't expanded: write the whole path, or ${HOME}" }
        let most = UnixSocketURL.longestPath
        if path.utf8.count > most { return "the path of a socket can't be longer than \(most) bytes" }
        return nil
    }
}
