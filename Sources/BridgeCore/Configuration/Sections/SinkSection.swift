import TLS

/// `to` of a route: one place for each kind of sink.
enum SinkKeys {
    static let connection = Key("connection", .text("the name of a connection"), default: "", "The connection's name.")
    static let kind = Key(
        "as",
        ValueType<ConnectionSinkConfiguration.Kind>.choice,
        default: .model(\ConnectionSinkConfiguration.kind),
        "Text needs UTF-8: other payloads are dropped as `not_utf8`. `binary` takes any."
    )
    static let mqtt = Key("mqtt", .text("the name of a broker"), default: "", "The broker's name.")
    static let topic = Key(
        "topic",
        .text("a topic, perhaps with places such as {$.name}", check: PatternSyntax.problem(withTopicTemplate:)),
        default: "",
        "The topic to publish to. `{$.a.b[0]}`, `{connection}`, `{instance}`, `{route}`, `{topic}` and `{topic[1]}` are filled in."
    )
    static let qos = Key(
        "qos",
        .integer(0...2),
        default: .model(\MQTTSinkConfiguration.qos),
        "The QoS to publish with."
    )
    static let retain = Key(
        "retain",
        .boolean,
        default: .model(\MQTTSinkConfiguration.retain),
        "The broker keeps the last message of the topic."
    )
    static let expiry = Key(
        "expiry",
        .durationOrNone(.seconds(1) ... .seconds(315_360_000), or: expiryFromTTL),
        default: .model(\MQTTSinkConfiguration.expiry),
        "The broker drops what waited for so long (MQTT 5), in whole seconds. `ttl`: what is left of the queue's `ttl`, at least 1 s."
    )
    static let expiryFromTTL = "ttl"
    static let contentType = Key(
        "content_type",
        .text("a media type such as application/json", check: SinkSection.problem(withContentType:)),
        default: .model(\MQTTSinkConfiguration.contentType),
        "What the payload is (MQTT 5): sent with each message, as it stands here."
    )
    static let userProperties = Key(
        "user_properties",
        ValueType<[MQTTSinkConfiguration.UserProperty]>.list(of: .choice, example: "[connection, received_at]"),
        default: .value(Array(MQTTSinkConfiguration.defaults.userProperties)),
        "What each message tells of itself (MQTT 5): `connection`, as `wsbridge-connection`; `received_at`, as `wsbridge-received-at`."
    )
    static let udp = Key("udp", .socketAddress, default: "", "Where the datagrams go: `HOST:PORT`.")
    static let oversize = Key(
        "oversize",
        ValueType<UDPSinkConfiguration.Oversize>.choice,
        default: .model(\UDPSinkConfiguration.oversize),
        "What happens to a message above `max_size`."
    )
    static let maxSize = Key(
        "max_size",
        .bytes(1...UDPSinkConfiguration.largestPayload),
        default: .model(\UDPSinkConfiguration.maxSize),
        "The longest payload, in bytes; 1472 fits into one Ethernet frame."
    )
    static let ttl = Key(
        "ttl",
        .integer(1...255),
        default: .model(\UDPSinkConfiguration.ttl, absent: "the system's choice"),
        "The time to live (hop limit) of the datagrams."
    )
    static let broadcast = Key(
        "broadcast",
        .boolean,
        default: .model(\UDPSinkConfiguration.broadcast),
        "Allow a broadcast address."
    )
    static let multicastInterface = Key(
        "multicast_interface",
        .text("the name or address of a network interface"),
        default: .model(\UDPSinkConfiguration.multicastInterface, absent: "the system's choice"),
        "The interface by which multicast datagrams leave."
    )
    static let fifo = SourceKeys.fifo
    static let framing = SourceKeys.framing
    static let onNewline = Key(
        "on_newline",
        ValueType<FIFOSinkConfiguration.OnNewline>.choice,
        default: .model(\FIFOSinkConfiguration.onNewline),
        "With `framing: lines`, an inner line break: a space in its place, `\\n` (and `\\r`, `\\\\`) in its place, or drop the message."
    )
    static let noReader = Key(
        "no_reader",
        ValueType<FIFOSinkConfiguration.NoReader>.choice,
        default: .model(\FIFOSinkConfiguration.noReader),
        "While nobody reads: keep what fits into the queue, discard all, or block the source; a `when_full` in the file goes first."
    )
    static let queue = Key(
        "queue",
        .mapping(QueueKeys.place, id: "queue", read: QueueSection.read),
        default: "the route's",
        "Where this sink's queue differs from the route's."
    )

    static let connectionPlace = Place(
        id: "to.connection",
        path: "routes.NAME.to: { connection }",
        meaning: "Messages that are sent over a connection.",
        keys: [connection.described, kind.described, queue.described]
    )
    static let mqttPlace = Place(
        id: "to.mqtt",
        path: "routes.NAME.to: { mqtt }",
        meaning: "Messages that are published.",
        keys: [
            mqtt.described, topic.described, qos.described, retain.described, expiry.described, contentType.described,
            userProperties.described, queue.described,
        ]
    )
    static let udpPlace = Place(
        id: "to.udp",
        path: "routes.NAME.to: { udp }",
        meaning: "One datagram a message.",
        keys: [
            udp.described, oversize.described, maxSize.described, ttl.described, broadcast.described,
            multicastInterface.described, queue.described,
        ]
    )
    static let fifoPlace = Place(
        id: "to.fifo",
        path: "routes.NAME.to: { fifo }",
        meaning: "One record a message, written into a named pipe.",
        keys: [fifo.described, framing.described, onNewline.described, noReader.described, queue.described]
    )
}

enum SinkSection {
    static func read(_ kind: EndKind, _ entries: [YAMLEntry], _ field: Field, at position: Position) -> PlacedSink? {
        func reader(_ place: Place) -> MappingReader {
            MappingReader(entries, of: place, field: field, position: position)
        }
        let (sink, own): (SinkConfiguration?, MappingReader) =
            switch kind {
            case .connection: read(reader(SinkKeys.connectionPlace), connection)
            case .mqtt: read(reader(SinkKeys.mqttPlace), mqtt)
            case .udp: read(reader(SinkKeys.udpPlace), udp)
            case .fifo: read(reader(SinkKeys.fifoPlace), fifo)
            }
        let queue = own.read(SinkKeys.queue)
        return sink.map {
            PlacedSink(
                sink: $0,
                queue: queue,
                position: position,
                topicPosition: own.valuePosition(SinkKeys.topic.name),
                followsTTL: kind == .mqtt ? followsTTL(own) : nil
            )
        }
    }

    /// Where `expiry: ttl` stands.
    private static func followsTTL(_ reader: MappingReader) -> Position? {
        guard case .scalar(let scalar)? = reader.entry(SinkKeys.expiry.name)?.value.content,
            scalar.text == SinkKeys.expiryFromTTL
        else { return nil }
        return reader.valuePosition(SinkKeys.expiry.name)
    }

    private static func read(
        _ reader: MappingReader,
        _ body: (MappingReader) -> SinkConfiguration?
    ) -> (SinkConfiguration?, MappingReader) {
        (body(reader), reader)
    }

    private static func connection(_ reader: MappingReader) -> SinkConfiguration? {
        let kind = reader.read(SinkKeys.kind)
        guard let name = reader.read(SinkKeys.connection),
            Reference.connection(name, in: reader.context, at: reader.valuePosition(SinkKeys.connection.name))
        else { return nil }
        var sink = ConnectionSinkConfiguration(connection: name)
        sink.kind = kind ?? sink.kind
        return .connection(sink)
    }

    private static func mqtt(_ reader: MappingReader) -> SinkConfiguration? {
        let topic = reader.read(SinkKeys.topic)
        if !reader.contains(SinkKeys.topic.name) {
            reader.error("\(reader.path) needs a topic, such as topic: feed/trades")
        }
        var sink = MQTTSinkConfiguration(broker: "", topic: topic ?? "")
        reader.read(SinkKeys.qos, into: &sink.qos)
        reader.read(SinkKeys.retain, into: &sink.retain)
        reader.read(SinkKeys.expiry, into: &sink.expiry)
        if let expiry = sink.expiry, !expiry.milliseconds.isMultiple(of: 1000) {
            reader.error("expiry must be whole seconds", at: reader.valuePosition(SinkKeys.expiry.name))
        }
        reader.read(SinkKeys.contentType, into: &sink.contentType)
        sink.userProperties = Set(reader.read(SinkKeys.userProperties) ?? [])
        guard let broker = reader.read(SinkKeys.mqtt),
            Reference.broker(broker, in: reader.context, at: reader.valuePosition(SinkKeys.mqtt.name)), topic != nil
        else { return nil }
        sink.broker = broker
        if sink.expiry != nil || followsTTL(reader) != nil { wantsMQTT5(SinkKeys.expiry.name, reader, broker) }
        if sink.contentType != nil { wantsMQTT5(SinkKeys.contentType.name, reader, broker) }
        if !sink.userProperties.isEmpty { wantsMQTT5(SinkKeys.userProperties.name, reader, broker) }
        return .mqtt(sink)
    }

    private static func wantsMQTT5(_ key: String, _ reader: MappingReader, _ broker: String) {
        guard reader.context.oldBrokerNames.contains(broker) else { return }
        reader.context.warning(
            "\(key) has no effect with MQTT 3.1.1: \(broker) needs protocol_version: \"5\"",
            at: reader.keyPosition(key)
        )
    }

    static func problem(withContentType text: String) -> String? {
        if text.isEmpty { return "it is empty: delete the line for none" }
        if text.utf8.count > 1024 { return "it is longer than 1024 bytes" }
        return text.unicodeScalars.contains { TopicText.isForbidden($0.value) } ? "it holds a control character" : nil
    }

    private static func udp(_ reader: MappingReader) -> SinkConfiguration? {
        let address = reader.read(SinkKeys.udp)
        var sink = UDPSinkConfiguration(address: address ?? UDPAddress(host: "", port: 0))
        reader.read(SinkKeys.oversize, into: &sink.oversize)
        reader.read(SinkKeys.maxSize, into: &sink.maxSize)
        reader.read(SinkKeys.ttl, into: &sink.ttl)
        reader.read(SinkKeys.broadcast, into: &sink.broadcast)
        reader.read(SinkKeys.multicastInterface, into: &sink.multicastInterface)
        guard let address else { return nil }
        MulticastInterface.check(address, reader)
        let position = reader.valuePosition(SinkKeys.udp.name)
        if let bytes = IPAddress.bytes(of: address.host) {
            if bytes == [255, 255, 255, 255], !sink.broadcast {
                reader.error("a broadcast address needs broadcast: true beside it", at: position)
            }
            if IPAddress.isUnspecified(bytes) {
                reader.error("\(address.host) is an address to listen at, not one to send to", at: position)
            }
        }
        reader.context.note(
            PathUse(role: .udpSink(sink), key: SinkKeys.udp.name, path: address.description, position: position)
        )
        return .udp(sink)
    }

    private static func fifo(_ reader: MappingReader) -> SinkConfiguration? {
        let path = reader.read(SinkKeys.fifo)
        var sink = FIFOSinkConfiguration(path: path ?? "")
        reader.read(SinkKeys.framing, into: &sink.framing)
        reader.read(SinkKeys.onNewline, into: &sink.onNewline)
        reader.read(SinkKeys.noReader, into: &sink.noReader)
        if reader.contains(SinkKeys.onNewline.name), sink.framing != .lines {
            reader.error(
                "on_newline means something with framing: lines only",
                at: reader.keyPosition(SinkKeys.onNewline.name)
            )
        }
        guard let path else { return nil }
        reader.context.note(
            PathUse(role: .fifo, key: "fifo", path: path, position: reader.valuePosition(SinkKeys.fifo.name))
        )
        return .fifo(sink)
    }
}

extension ValueType<[PlacedSink]> {
    /// One sink, or a list of them.
    static var sinks: Self {
        let one: JSONLiteral = [
            "anyOf": [
                ["type": "string"], .reference("to.connection"), .reference("to.mqtt"), .reference("to.udp"),
                .reference("to.fifo"),
            ]
        ]
        let words = "a connection's name, a mapping such as { mqtt: BROKER, topic: a/b }, or a list of those"
        let schema: JSONLiteral = ["anyOf": [one, ["type": "array", "items": one, "minItems": 1]]]
        return ValueType(words, schema: schema) { node, field in
            guard case .sequence(let nodes) = node.content else {
                return sink(node, field, words).map { [$0] }
            }
            if nodes.isEmpty {
                field.error("'\(field.name)' must be \(words), found an empty list", at: node.position)
                return nil
            }
            let sinks = nodes.compactMap { sink($0, field, words) }
            return sinks.count == nodes.count ? sinks : nil
        }
    }

    private static func sink(_ node: YAMLNode, _ field: Field, _ words: String) -> PlacedSink? {
        switch node.content {
        case .scalar(let scalar) where !scalar.isNull:
            guard Reference.connection(scalar.text, in: field.context, at: node.position) else { return nil }
            return PlacedSink(
                sink: .connection(ConnectionSinkConfiguration(connection: scalar.text)),
                queue: nil,
                position: node.position,
                topicPosition: node.position
            )
        case .mapping(let entries):
            guard let kind = EndKind.kind(of: entries, field, at: node.position) else { return nil }
            return SinkSection.read(kind, entries, field, at: node.position)
        case .unusable:
            return nil
        case .scalar, .sequence:
            field.error("'\(field.name)' must be \(words), found \(node.described)", at: node.position)
            return nil
        }
    }
}
