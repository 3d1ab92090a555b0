import TLS
import WSClient

/// The keys of `mqtt.NAME`.
enum BrokerKeys {
    static let url = Key(
        "url",
        .brokerURL,
        default: "",
        "Where the broker is. The default port is 1883, with mqtts 8883."
    )
    static let protocolVersion = Key(
        "protocol_version",
        ValueType<BrokerConfiguration.ProtocolVersion>.choice,
        default: .model(\BrokerConfiguration.protocolVersion),
        "MQTT's version."
    )
    static let clientID = Key(
        "client_id",
        .text(check: BrokerSection.problem(withClientID:)),
        default: .value(BrokerSection.clientID(instance: "<instance>", name: "<name>")),
        "The name towards the broker. No two clients of a broker may share one."
    )
    static let username = Key(
        "username",
        .text(check: { MQTTText.problem(with: $0).map { "it \($0)" } }),
        default: .model(\BrokerConfiguration.username),
        "The user to log in as."
    )
    static let password = Key(
        "password",
        .secret(for: .mqttPassword),
        default: .model(\BrokerConfiguration.password),
        "A text, or `{ file: PATH }`."
    )
    static let keepAlive = Key(
        "keep_alive",
        .duration(.zero ... .seconds(65_535)),
        default: .model(\BrokerConfiguration.keepAlive),
        "The longest silence before a ping, in whole seconds; 0 = no pings, else at least 5s."
    )
    static let cleanSession = Key(
        "clean_session",
        .boolean,
        default: .model(\BrokerConfiguration.cleanSession),
        "Let the broker forget the subscriptions and what waits for them."
    )
    static let sessionExpiry = Key(
        "session_expiry",
        .duration(.seconds(1) ... .seconds(87_600 * 3600)),
        default: .model(\BrokerConfiguration.sessionExpiry),
        "How long the broker keeps the session while the gateway is away, in whole seconds; MQTT 5 only."
    )
    static let maxInflight = Key(
        "max_inflight",
        .integer(1...65_535),
        default: .model(\BrokerConfiguration.maxInflight),
        "How many messages may wait for their acknowledgement."
    )
    static let connectTimeout = Key(
        "connect_timeout",
        .duration(.milliseconds(10) ... .seconds(600)),
        default: .model(\BrokerConfiguration.connectTimeout),
        "How long an attempt to connect may take."
    )
    static let responseTopics = Key(
        "response_topics",
        ValueType<[String]>.list(
            of: .text("a topic filter", check: BrokerSection.problem(withResponseFilter:)),
            example: "[ replies/# ]"
        ),
        default: .model(\BrokerConfiguration.responseTopics),
        "Topic filters: to which response topics (MQTT 5) requests are answered. Others are refused and counted."
    )
    static let tls = Key(
        "tls",
        .mapping(TLSKeys.place, id: "tls", read: TLSSection.read),
        default: "see below",
        "What is trusted and presented; with `mqtts` only."
    )

    static let place = Place(
        id: "broker",
        path: "mqtt.NAME",
        meaning: "An MQTT connection to a broker.",
        keys: [
            url.described, protocolVersion.described, clientID.described, username.described, password.described,
            keepAlive.described, cleanSession.described, sessionExpiry.described, maxInflight.described,
            connectTimeout.described, responseTopics.described, tls.described,
        ]
    )
}

enum BrokerSection {
    static func read(_ name: String, _ reader: MappingReader) -> BrokerConfiguration? {
        let url = url(reader)
        let isSecure = url?.scheme == URLSchemes.mqtt.secure
        var broker = BrokerConfiguration(
            name: name,
            isSecure: isSecure,
            host: url?.host ?? "",
            port: url?.port ?? (isSecure ? 8883 : 1883),
            clientID: clientID(instance: reader.context.instance, name: name)
        )
        broker.instance = reader.context.instance
        reader.read(BrokerKeys.protocolVersion, into: &broker.protocolVersion)
        reader.read(BrokerKeys.clientID, into: &broker.clientID)
        reader.read(BrokerKeys.username, into: &broker.username)
        reader.read(BrokerKeys.password, into: &broker.password)
        reader.read(BrokerKeys.keepAlive, into: &broker.keepAlive)
        reader.read(BrokerKeys.cleanSession, into: &broker.cleanSession)
        reader.read(BrokerKeys.sessionExpiry, into: &broker.sessionExpiry)
        reader.read(BrokerKeys.maxInflight, into: &broker.maxInflight)
        reader.read(BrokerKeys.connectTimeout, into: &broker.connectTimeout)
        let responseTopics = reader.read(BrokerKeys.responseTopics)
        broker.responseTopics = responseTopics ?? []
        // What is wrong with them is said once.
        if reader.contains(BrokerKeys.responseTopics.name), responseTopics != [] {
            reader.context.answeringBrokerNames.insert(name)
        }
        reader.read(BrokerKeys.tls, into: &broker.tls)

        if broker.protocolVersion == .v311 { reader.context.oldBrokerNames.insert(name) }
        if broker.protocolVersion == .v311, !broker.responseTopics.isEmpty {
            reader.context.warning(
                "response_topics has no effect with MQTT 3.1.1: \(name) needs protocol_version: \"5\"",
                at: reader.keyPosition(BrokerKeys.responseTopics.name)
            )
        }
        checkKeepAlive(broker.keepAlive, reader)
        checkSessionExpiry(broker, reader)
        if reader.contains(BrokerKeys.password.name), !reader.contains(BrokerKeys.username.name),
            broker.protocolVersion == .v311
        {
            reader.error(
                "MQTT 3.1.1 has no password without a username",
                at: reader.keyPosition(BrokerKeys.password.name)
            )
        }
        guard url != nil else { return nil }
        warnOfPlainText(broker, reader)
        return broker
    }

    private static func url(_ reader: MappingReader) -> ServerURL? {
        guard reader.contains(BrokerKeys.url.name) else {
            reader.error("\(reader.path) needs a url, such as mqtt://127.0.0.1:1883")
            return nil
        }
        return reader.read(BrokerKeys.url)
    }

    private static func checkKeepAlive(_ keepAlive: Duration, _ reader: MappingReader) {
        guard keepAlive != .zero else { return }
        let position = reader.valuePosition(BrokerKeys.keepAlive.name)
        if keepAlive < .seconds(5) {
            reader.error("keep_alive of a broker must be 0 (no pings) or at least 5s", at: position)
        } else if !keepAlive.milliseconds.isMultiple(of: 1000) {
            reader.error("keep_alive of a broker must be whole seconds", at: position)
        }
    }

    private static func checkSessionExpiry(_ broker: BrokerConfiguration, _ reader: MappingReader) {
        guard let entry = reader.entry(BrokerKeys.sessionExpiry.name) else { return }
        if !broker.sessionExpiry.milliseconds.isMultiple(of: 1000) {
            reader.error("session_expiry must be whole seconds", at: entry.value.position)
        } else if broker.protocolVersion == .v311 {
            reader.context.warning(
                "session_expiry has no effect with MQTT 3.1.1, where the broker alone decides how long it keeps a session: "
                    + "\(broker.name) needs protocol_version: \"5\"",
                at: entry.keyPosition
            )
        } else if broker.cleanSession {
            reader.context.warning(
                "session_expiry has no effect with clean_session: true, which keeps no session",
                at: entry.keyPosition
            )
        }
    }

    private static func warnOfPlainText(_ broker: BrokerConfiguration, _ reader: MappingReader) {
        guard !broker.isSecure else { return }
        if let tls = reader.entry(BrokerKeys.tls.name), case .mapping(let entries) = tls.value.content, !entries.isEmpty
        {
            reader.context.warning("tls has no effect with mqtt://: use mqtts://", at: tls.keyPosition)
        }
        if broker.password != nil, !HostName.isLoopback(broker.host) {
            reader.context.warning(
                "the password travels unencrypted: use mqtts://",
                at: reader.keyPosition(BrokerKeys.password.name)
            )
        }
    }

    /// A broker ends the older of two connections with the same client id.
    static func checkClientIDs(_ brokers: [BrokerConfiguration], _ reader: MappingReader) {
        guard case .mapping(let entries)? = reader.entry(GatewayKeys.brokers.name)?.value.content else { return }
        for (index, broker) in brokers.enumerated() {
            let twin = brokers[..<index].first {
                $0.clientID == broker.clientID && $0.host == broker.host && $0.port == broker.port
            }
            guard let twin, let entry = entries.first(where: { $0.key == broker.name }) else { continue }
            reader.error(
                "\(broker.name) and \(twin.name) have the same client_id at the same broker, which would end one of them",
                at: entry.keyPosition
            )
        }
    }

    static func clientID(instance: String, name: String) -> String { "wsbridge-\(instance)-\(name)" }

    static func problem(withClientID text: String) -> String? {
        if text.isEmpty { return "it is empty: delete the line for the default" }
        return MQTTText.problem(with: text).map { "it \($0)" }
    }

    static func problem(withResponseFilter text: String) -> String? {
        if text.hasPrefix("$") { return "topics that begin with '$' are the broker's own" }
        return PatternSyntax.problem(withTopicFilter: text)
    }
}

extension ValueType<ServerURL> {
    static var brokerURL: Self {
        url(.mqtt, example: "mqtt://127.0.0.1:1883") { url in
            if url.userInfo != nil { return "user and password stand in username and password" }
            return url.target.isEmpty || url.target == "/"
                ? nil : "a broker has no path: topics stand at the routes"
        }
    }
}
