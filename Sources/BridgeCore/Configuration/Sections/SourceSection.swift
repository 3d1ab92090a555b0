import TLS

/// `from` of a route: one place for each kind of source.
enum SourceKeys {
    static let connection = Key("connection", .text("the name of a connection"), default: "", "The connection's name.")
    static let mqtt = Key("mqtt", .text("the name of a broker"), default: "", "The broker's name.")
    static let topic = Key(
        "topic",
        .text("a topic filter such as feed/#", check: PatternSyntax.problem(withTopicFilter:)),
        default: "",
        "The topic filter to subscribe to; `+` and `#` are wildcards."
    )
    static let qos = Key(
        "qos",
        .subscriptionQoS,
        default: .model(\MQTTSourceConfiguration.qos),
        "The QoS of the subscription, 0 or 1."
    )
    static let udp = Key(
        "udp",
        .socketAddress,
        default: "",
        "The address to listen at, or a multicast group: `HOST:PORT`."
    )
    static let allowFrom = Key(
        "allow_from",
        .list(of: .cidr, example: "[ 10.0.0.0/8 ]", allowEmpty: false),
        default: "all senders",
        "Datagrams from elsewhere are refused and counted. A UDP sender can be forged."
    )
    static let multicastInterface = Key(
        "multicast_interface",
        .text("the name or address of a network interface"),
        default: .model(\UDPSourceConfiguration.multicastInterface, absent: "the system's choice"),
        "The interface on which the multicast group is joined."
    )
    static let receiveBuffer = Key(
        "receive_buffer",
        .size(1024...(1 << 30)),
        default: .model(\UDPSourceConfiguration.receiveBuffer, absent: "the adapter's choice"),
        "How much the kernel holds for us. What comes on top is lost, and counted."
    )
    static let fifo = Key("fifo", .fifoPath, default: "", "The path of the named pipe; it is made if it doesn't exist.")
    static let framing = Key(
        "framing",
        ValueType<FIFOFraming>.choice,
        default: .model(\FIFOSourceConfiguration.framing),
        "How records are told apart: a newline, a NUL, or a 4-byte big-endian length before each."
    )

    static let connectionPlace = Place(
        id: "from.connection",
        path: "routes.NAME.from: { connection }",
        meaning: "Messages that a connection receives.",
        keys: [connection.described]
    )
    static let mqttPlace = Place(
        id: "from.mqtt",
        path: "routes.NAME.from: { mqtt }",
        meaning: "Messages of an MQTT subscription.",
        keys: [mqtt.described, topic.described, qos.described]
    )
    static let udpPlace = Place(
        id: "from.udp",
        path: "routes.NAME.from: { udp }",
        meaning: "Datagrams that arrive at a UDP port.",
        keys: [udp.described, allowFrom.described, multicastInterface.described, receiveBuffer.described]
    )
    static let fifoPlace = Place(
        id: "from.fifo",
        path: "routes.NAME.from: { fifo }",
        meaning: "Records that are written into a named pipe.",
        keys: [fifo.described, framing.described]
    )
}

enum SourceSection {
    static func read(_ kind: EndKind, _ entries: [YAMLEntry], _ field: Field, at position: Position)
        -> SourceConfiguration?
    {
        func reader(_ place: Place) -> MappingReader {
            MappingReader(entries, of: place, field: field, position: position)
        }
        switch kind {
        case .connection: return connection(reader(SourceKeys.connectionPlace))
        case .mqtt: return mqtt(reader(SourceKeys.mqttPlace))
        case .udp: return udp(reader(SourceKeys.udpPlace))
        case .fifo: return fifo(reader(SourceKeys.fifoPlace))
        }
    }

    private static func connection(_ reader: MappingReader) -> SourceConfiguration? {
        guard let name = reader.read(SourceKeys.connection),
            Reference.connection(name, in: reader.context, at: reader.valuePosition(SourceKeys.connection.name))
        else { return nil }
        return .connection(name: name)
    }

    private static func mqtt(_ reader: MappingReader) -> SourceConfiguration? {
        let topic = reader.read(SourceKeys.topic)
        let qos = reader.read(SourceKeys.qos) ?? MQTTSourceConfiguration.defaults.qos
        if !reader.contains(SourceKeys.topic.name) {
            reader.error("\(reader.path) needs a topic filter, such as topic: feed/#")
        }
        guard let broker = reader.read(SourceKeys.mqtt),
            Reference.broker(broker, in: reader.context, at: reader.valuePosition(SourceKeys.mqtt.name)), let topic
        else { return nil }
        return .mqtt(MQTTSourceConfiguration(broker: broker, topicFilter: topic, qos: qos))
    }

    private static func udp(_ reader: MappingReader) -> SourceConfiguration? {
        let address = reader.read(SourceKeys.udp)
        var source = UDPSourceConfiguration(address: address ?? UDPAddress(host: "", port: 0))
        reader.read(SourceKeys.allowFrom, into: &source.allowFrom)
        reader.read(SourceKeys.multicastInterface, into: &source.multicastInterface)
        reader.read(SourceKeys.receiveBuffer, into: &source.receiveBuffer)
        guard let address else { return nil }
        MulticastInterface.check(address, reader)
        reader.context.note(
            PathUse(
                role: .udpSource(source),
                key: SourceKeys.udp.name,
                path: address.description,
                position: reader.valuePosition(SourceKeys.udp.name)
            )
        )
        return .udp(source)
    }

    private static func fifo(_ reader: MappingReader) -> SourceConfiguration? {
        let path = reader.read(SourceKeys.fifo)
        var source = FIFOSourceConfiguration(path: path ?? "")
        reader.read(SourceKeys.framing, into: &source.framing)
        guard let path else { return nil }
        reader.context.note(
            PathUse(role: .fifo, key: "fifo", path: path, position: reader.valuePosition(SourceKeys.fifo.name))
        )
        return .fifo(source)
    }
}

extension ValueType<PlacedSource> {
    /// A connection's name, or a mapping of one of the kinds.
    static var source: Self {
        let words = "a connection's name or a mapping such as { mqtt: BROKER, topic: a/b }"
        let schema: JSONLiteral = [
            "anyOf": [
                ["type": "string"], .reference("from.connection"), .reference("from.mqtt"), .reference("from.udp"),
                .reference("from.fifo"),
            ]
        ]
        return ValueType(words, schema: schema) { node, field in
            switch node.content {
            case .scalar(let scalar) where !scalar.isNull:
                guard Reference.connection(scalar.text, in: field.context, at: node.position) else { return nil }
                return PlacedSource(source: .connection(name: scalar.text), position: node.position)
            case .mapping(let entries):
                guard let kind = EndKind.kind(of: entries, field, at: node.position) else { return nil }
                return SourceSection.read(kind, entries, field, at: node.position).map {
                    PlacedSource(source: $0, position: node.position)
                }
            case .sequence:
                field.error("'\(field.name)' is one source: write a route for each", at: node.position)
                return nil
            case .unusable:
                return nil
            case .scalar:
                field.error("'\(field.name)' must be \(words), found nothing", at: node.position)
                return nil
            }
        }
    }
}

/// `multicast_interface` means something for a multicast group only.
enum MulticastInterface {
    static func check(_ address: UDPAddress, _ reader: MappingReader) {
        let name = SourceKeys.multicastInterface.name
        guard reader.contains(name), let bytes = IPAddress.bytes(of: address.host), !IPAddress.isMulticast(bytes) else {
            return
        }
        reader.error("\(name) needs a multicast group in udp, such as 239.0.0.1:5005", at: reader.keyPosition(name))
    }
}

extension ValueType<Int> {
    /// 0 or 1; says why not 2.
    static var subscriptionQoS: Self {
        let plain = ValueType<Int>.integer(0...1)
        return ValueType(plain.words, schema: plain.schema) { node, field in
            if case .scalar(let scalar) = node.content, scalar.text == "2" {
                field.error(
                    "qos of a subscription is 0 or 1: at 2 a message could be handed over only after a second "
                        + "round trip, and a route gives no more for it; write 1",
                    at: node.position
                )
                return nil
            }
            return plain.read(node, field)
        }
    }
}

extension ValueType<UDPAddress> {
    static var socketAddress: Self {
        let words = "an address such as \"127.0.0.1:5005\""
        return ValueType(words, schema: ["type": "string"]) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            do throws(SocketAddressText.Problem) {
                return try SocketAddressText.parse(scalar.text)
            } catch {
                field.error("\(field.name): \(error.message), found \(scalar.described)", at: node.position)
                return nil
            }
        }
    }
}

extension ValueType<CIDR> {
    /// `10.0.0.0/8`, or one address.
    static var cidr: Self {
        let words = "an address or a block such as 10.0.0.0/8"
        return ValueType(words, schema: ["type": "string"]) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            let parts = scalar.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            // A zone would be a promise that isn't kept: senders are judged by their address alone.
            let bytes = parts[0].contains("%") ? nil : IPAddress.bytes(of: String(parts[0]))
            let length = parts.count == 2 ? Int(parts[1]) : bytes.map { $0.count * 8 }
            guard let bytes, let length, (0...bytes.count * 8).contains(length) else {
                field.error("\(field.name): each item must be \(words), found \(scalar.described)", at: node.position)
                return nil
            }
            return CIDR(address: bytes, prefixLength: length)
        }
    }
}
