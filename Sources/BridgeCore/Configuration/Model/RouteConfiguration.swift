import TLS

/// One entry of `routes:` from a source, through a match, to one or more sinks.
package struct RouteConfiguration: Sendable {
    package var name: String
    package var source: SourceConfiguration
    /// `nil` = every message.
    package var match: MatchConfiguration?
    package var sinks: [RouteSinkConfiguration]
    /// Only from MQTT 5 to one connection; `nil` = requests are told what became of their message.
    package var replyTo: ReplyConfiguration?
    package var allowEcho = false

    package init(name: String, source: SourceConfiguration, match: MatchConfiguration?, sinks: [RouteSinkConfiguration])
    {
        self.name = name
        self.source = source
        self.match = match
        self.sinks = sinks
    }
}

/// One sink of a route with the queue in front of it.
package struct RouteSinkConfiguration: Sendable {
    package var sink: SinkConfiguration
    package var queue: QueueConfiguration

    package init(sink: SinkConfiguration, queue: QueueConfiguration) {
        self.sink = sink
        self.queue = queue
    }
}

/// `from:` of a route.
package enum SourceConfiguration: Sendable, Hashable {
    case connection(name: String)
    case mqtt(MQTTSourceConfiguration)
    case udp(UDPSourceConfiguration)
    case fifo(FIFOSourceConfiguration)
}

/// `from: { mqtt, topic, qos }`.
package struct MQTTSourceConfiguration: Sendable, Hashable {
    package var broker: String
    /// A topic filter (MQTT 5, section 4.7).
    package var topicFilter: String
    /// 0 or 1.
    package var qos: Int
    /// Whether what the gateway itself publishes on this broker comes back (MQTT 5: without No Local): the route's
    /// `allow_echo`.
    package var allowEcho = false

    package init(broker: String, topicFilter: String, qos: Int = 0) {
        self.broker = broker
        self.topicFilter = topicFilter
        self.qos = qos
    }
}

/// `from: { udp, allow_from, multicast_interface, receive_buffer }`.
package struct UDPSourceConfiguration: Sendable, Hashable {
    package var address: UDPAddress
    /// Empty = everyone.
    package var allowFrom: [CIDR] = []
    package var multicastInterface: String?
    /// SO_RCVBUF in bytes; `nil` = the adapter's default.
    package var receiveBuffer: Int?

    package init(address: UDPAddress) {
        self.address = address
    }
}

/// Host and port of a datagram's other end, or of the own socket.
package struct UDPAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name, an IPv4 address or an IPv6 address without brackets.
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { "\(HostName.bracketed(host)):\(port)" }
}

/// `from: { fifo, framing }`.
package struct FIFOSourceConfiguration: Sendable, Hashable {
    package var path: String
    package var framing = FIFOFraming.lines

    package init(path: String) {
        self.path = path
    }
}

/// How records are told apart in a FIFO's stream of bytes.
package enum FIFOFraming: String, Sendable, Hashable, CaseIterable {
    /// LF ends a record.
    case lines
    /// NUL ends a record.
    case nul
    /// A 4-byte big-endian length comes before each record.
    case length
}

/// One sink in `to:` of a route.
package enum SinkConfiguration: Sendable, Hashable {
    case connection(ConnectionSinkConfiguration)
    case mqtt(MQTTSinkConfiguration)
    case udp(UDPSinkConfiguration)
    case fifo(FIFOSinkConfiguration)
}

/// `to: { connection, as }`.
package struct ConnectionSinkConfiguration: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case text
        case binary
    }

    package var connection: String
    package var kind = Kind.text

    package init(connection: String) {
        self.connection = connection
    }
}

/// `to: { mqtt, topic, qos, retain, expiry, content_type, user_properties }`.
package struct MQTTSinkConfiguration: Sendable, Hashable {
    /// What a message can tell of itself in an MQTT 5 user property.
    package enum UserProperty: String, Sendable, Hashable, CaseIterable {
        /// `wsbridge-connection`: the connection that it came from.
        case connection
        /// `wsbridge-received-at`: when it was received.
        case receivedAt = "received_at"
    }

    package var broker: String
    /// The text of a `TopicTemplate` that parses.
    package var topic: String
    /// 0, 1 or 2.
    package var qos = 0
    package var retain = false
    /// MQTT 5 message expiry, whole seconds; `nil` = none.
    package var expiry: Duration?
    /// The queue's `ttl`, where each message's expiry is what is left of it (`expiry: ttl`).
    package var remainderOf: Duration?
    /// MQTT 5 content type, not empty; `nil` = none.
    package var contentType: String?
    package var userProperties: Set<UserProperty> = []

    package init(broker: String, topic: String) {
        self.broker = broker
        self.topic = topic
    }
}

/// `to: { udp, oversize, max_size, ttl, broadcast, multicast_interface }`.
package struct UDPSinkConfiguration: Sendable, Hashable {
    package enum Oversize: String, Sendable, Hashable, CaseIterable {
        case drop
        case truncate
    }

    /// The largest UDP payload over IPv4, in bytes.
    package static let largestPayload = 65_507

    package var address: UDPAddress
    package var oversize = Oversize.drop
    /// Payloads above so many bytes are oversize.
    package var maxSize = largestPayload
    /// Time to live (hop limit) of the datagrams, 1 to 255; `nil` = the kernel's default.
    package var ttl: Int?
    package var broadcast = false
    package var multicastInterface: String?

    package init(address: UDPAddress) {
        self.address = address
    }
}

/// `to: { fifo, framing, on_newline, no_reader }`.
package struct FIFOSinkConfiguration: Sendable, Hashable {
    package enum OnNewline: String, Sendable, Hashable, CaseIterable {
        /// Each CR LF, LF or CR becomes one space; all else passes byte for byte.
        case space
        /// LF becomes `\n`, CR `\r`, and a backslash is doubled.
        case escape
        case drop
    }

    package enum NoReader: String, Sendable, Hashable, CaseIterable {
        /// Queued; when full, the oldest are dropped as `no_reader`, unless `when_full` stands in the file.
        case keep
        case discard
        /// Queued; when full, the source is paused, unless `when_full` stands in the file.
        case block
    }

    package var path: String
    package var framing = FIFOFraming.lines
    package var onNewline = OnNewline.space
    package var noReader = NoReader.keep

    package init(path: String) {
        self.path = path
    }
}

/// `queue:` of a route or of one of its sinks.
package struct QueueConfiguration: Sendable, Hashable {
    package enum WhenFull: String, Sendable, Hashable, CaseIterable {
        case block
        case dropOldest = "drop_oldest"
        case dropNewest = "drop_newest"
        case conflate
    }

    package enum Store: String, Sendable, Hashable, CaseIterable {
        case memory
        case spill
        case always
    }

    package var whenFull: WhenFull
    /// True where `when_full` stands in the file, and so decides also while a FIFO has no reader.
    package var isWhenFullWritten = false
    package var store: Store
    /// In bytes: payload + topic + properties + 64 a message.
    package var maxBytes = 16 << 20
    /// In bytes.
    package var maxDisk = 1 << 30
    /// Older messages expire; `nil` = never.
    package var ttl: Duration?
    /// The text of a `JSONPath`; only with `conflate`.
    package var conflateBy: String?

    package init(whenFull: WhenFull = .block, store: Store = .memory) {
        self.whenFull = whenFull
        self.store = store
    }
}
