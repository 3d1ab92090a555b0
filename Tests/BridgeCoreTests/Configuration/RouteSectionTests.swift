import BridgeCore
import Testing

/// `routes.NAME`: sources, sinks and queues.
struct RouteSectionTests {
    static let head = """
        connections: { cloud: { url: wss://a.b }, other: { url: wss://c.d } }
        mqtt: { local: { url: mqtt://127.0.0.1 } }
        routes:
          r:

        """

    /// Lines from the fifth on are the keys of the route.
    private func expectRoute(_ keys: String, says lines: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        expect(Self.head + indented(keys), says: lines, sourceLocation: sourceLocation)
    }

    private func route(
        _ keys: String,
        warnings: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> RouteConfiguration {
        try configuration(Self.head + indented(keys), warnings: warnings, sourceLocation: sourceLocation).routes[0]
    }

    private func indented(_ keys: String) -> String {
        keys.split(separator: "\n").map { "    \($0)\n" }.joined()
    }

    @Test func shortAndLongForms() throws {
        let short = try route("from: cloud\nto: other")
        let long = try route("from: { connection: cloud }\nto: [ { connection: other, as: text } ]")
        #expect(short.source == .connection(name: "cloud") && long.source == short.source)
        #expect(short.sinks.map(\.sink) == [.connection(ConnectionSinkConfiguration(connection: "other"))])
        #expect(long.sinks.map(\.sink) == short.sinks.map(\.sink))
        #expect(short.match == nil && !short.allowEcho)
    }

    @Test func everySource() throws {
        #expect(
            try route("from: { mqtt: local, topic: 'a/+/#', qos: 1 }\nto: cloud").source
                == .mqtt(MQTTSourceConfiguration(broker: "local", topicFilter: "a/+/#", qos: 1))
        )
        var echoing = MQTTSourceConfiguration(broker: "local", topicFilter: "a", qos: 0)
        echoing.allowEcho = true
        #expect(try route("from: { mqtt: local, topic: a }\nto: cloud\nallow_echo: true").source == .mqtt(echoing))
        var udp = UDPSourceConfiguration(address: UDPAddress(host: "239.1.2.3", port: 5006))
        udp.allowFrom = [
            CIDR(address: [10, 0, 0, 0], prefixLength: 8),
            CIDR(address: [0xFD] + [UInt8](repeating: 0, count: 15), prefixLength: 8),
            CIDR(address: [192, 168, 1, 7], prefixLength: 32),
        ]
        udp.multicastInterface = "eth0"
        udp.receiveBuffer = 4 << 20
        let allowFrom = "allow_from: [ 10.0.0.0/8, \"fd00::/8\", 192.168.1.7 ]"
        #expect(
            try route(
                "from: { udp: \"239.1.2.3:5006\", \(allowFrom), multicast_interface: eth0, receive_buffer: 4MiB }\nto: cloud"
            ).source == .udp(udp)
        )
        var fifo = FIFOSourceConfiguration(path: "/a/b")
        fifo.framing = .length
        #expect(try route("from: { fifo: /a/b, framing: length }\nto: cloud").source == .fifo(fifo))
    }

    @Test func everySink() throws {
        let sinks = try route(
            """
            from: cloud
            to:
              - { connection: other, as: binary }
              - { mqtt: local, topic: 'a/{$.b}', qos: 2, retain: true, expiry: 1h,
                  content_type: application/json, user_properties: [ connection, received_at ] }
              - { mqtt: local, topic: a, expiry: ttl, queue: { ttl: 90s } }
              - { udp: "[::1]:5005", oversize: truncate, max_size: 1472, ttl: 3 }
              - { udp: "255.255.255.255:5005", broadcast: true }
              - { udp: "239.0.0.1:5005", multicast_interface: 127.0.0.1, max_size: 1KiB }
              - { fifo: /a/b, on_newline: drop, no_reader: block }
            """
        ).sinks.map(\.sink)
        var connection = ConnectionSinkConfiguration(connection: "other")
        connection.kind = .binary
        var mqtt = MQTTSinkConfiguration(broker: "local", topic: "a/{$.b}")
        (mqtt.qos, mqtt.retain, mqtt.expiry) = (2, true, .seconds(3600))
        (mqtt.contentType, mqtt.userProperties) = ("application/json", [.connection, .receivedAt])
        var rest = MQTTSinkConfiguration(broker: "local", topic: "a")
        rest.remainderOf = .seconds(90)
        var udp = UDPSinkConfiguration(address: UDPAddress(host: "::1", port: 5005))
        (udp.oversize, udp.maxSize, udp.ttl) = (.truncate, 1472, 3)
        var broadcast = UDPSinkConfiguration(address: UDPAddress(host: "255.255.255.255", port: 5005))
        broadcast.broadcast = true
        var multicast = UDPSinkConfiguration(address: UDPAddress(host: "239.0.0.1", port: 5005))
        (multicast.multicastInterface, multicast.maxSize) = ("127.0.0.1", 1024)
        var fifo = FIFOSinkConfiguration(path: "/a/b")
        (fifo.onNewline, fifo.noReader) = (.drop, .block)
        #expect(
            sinks == [
                .connection(connection), .mqtt(mqtt), .mqtt(rest), .udp(udp), .udp(broadcast), .udp(multicast),
                .fifo(fifo),
            ]
        )
    }

    @Test func fromAndToAreNeeded() {
        expectRoute("match: a", says: ["4:3: routes.r needs 'from'", "4:3: routes.r needs 'to'"])
        expectRoute(
            "from:\nto: []",
            says: [
                "5:10: 'from' must be a connection's name or a mapping such as { mqtt: BROKER, topic: a/b }, found nothing",
                "6:9: 'to' must be a connection's name, a mapping such as { mqtt: BROKER, topic: a/b }, or a list of those, "
                    + "found an empty list",
            ]
        )
        expectRoute("from: [ cloud, other ]\nto: other", says: ["5:11: 'from' is one source: write a route for each"])
    }

    @Test func aMappingIsOneKindOfThing() {
        expectRoute(
            "from: { topic: a }\nto: { fifo: /a, udp: \"a.b:1\" }",
            says: [
                "5:11: 'from' needs one of the keys connection, mqtt, udp, fifo, such as from: { mqtt: BROKER, topic: a/b }",
                "6:21: 'to' can't be fifo and udp at once; several sinks stand in a list",
            ]
        )
    }

    @Test(arguments: [
        ("127.0.0.1:5005", "{ udp: \"HOST:PORT\" }"), ("udp://a.b:1", "{ udp: \"HOST:PORT\" }"),
        ("/a/b.fifo", "{ fifo: PATH }"), ("mqtt", "{ mqtt: BROKER, topic: a/b }"),
        ("mqtt://a.b", "{ mqtt: BROKER, topic: a/b }, the broker named below mqtt:"),
        ("ws://a.b", "the name of a connection that stands below connections:"),
    ])
    func whatIsMeantToBeNoConnection(text: String, advice: String) {
        expectRoute("from: cloud\nto: \(text)", says: ["6:9: there is no connection '\(text)': write \(advice)"])
    }

    @Test func endsUnderOtherNames() {
        expectRoute(
            "from: { host: a.b, port: 1 }\nto: [ { broker: local, topic: a }, { path: /a } ]",
            says: [
                "5:13: unknown key 'host' in routes.r.from: write udp: \"HOST:PORT\"",
                "6:13: unknown key 'broker' in routes.r.to: did you mean 'mqtt'?",
                "6:42: unknown key 'path' in routes.r.to: did you mean 'fifo'?",
            ]
        )
    }

    @Test func namesThatDoNotExist() {
        expectRoute(
            "from: clud\nto: [ { mqtt: locl, topic: a }, local, { connection: local }, zebra ]",
            says: [
                "5:11: there is no connection 'clud': did you mean 'cloud'?",
                "6:19: there is no broker 'locl': did you mean 'local'?",
                "6:37: there is no connection 'local', but a broker: write { mqtt: local, topic: … }",
                "6:58: there is no connection 'local', but a broker: write { mqtt: local, topic: … }",
                "6:67: there is no connection 'zebra': there is cloud, other",
            ]
        )
        expectRoute(
            "from: { mqtt: cloud, topic: a }\nto: cloud",
            says: [
                "5:19: there is no broker 'cloud', but a connection: write { connection: cloud }"
            ]
        )
        expect(
            "routes: { r: { from: a, to: b } }\n",
            says: [
                "1:22: there is no connection 'a': the file names no connection",
                "1:29: there is no connection 'b': the file names no connection",
            ]
        )
    }

    @Test func qualityOfService() {
        expectRoute(
            "from: { mqtt: local, topic: a, qos: 2 }\nto: { mqtt: local, topic: b, qos: 3 }",
            says: [
                "5:41: qos of a subscription is 0 or 1: at 2 a message could be handed over only after a second round trip, "
                    + "and a route gives no more for it; write 1",
                "6:39: qos must be a whole number from 0 to 2, found the number 3",
            ]
        )
    }

    @Test func expiryTakesMQTT5() {
        expect(
            """
            connections: { cloud: { url: wss://a.b } }
            mqtt: { old: { url: mqtt://127.0.0.1, protocol_version: 3.1.1 } }
            routes: { r: { from: cloud, to: { mqtt: old, topic: a, expiry: 5s } } }
            """,
            says: ["3:56: warning: expiry has no effect with MQTT 3.1.1: old needs protocol_version: \"5\""]
        )
        expectRoute(
            "from: cloud\nto: { mqtt: local, topic: a, expiry: 1500ms }",
            says: ["6:42: expiry must be whole seconds"]
        )
    }

    @Test func whatTellsOfAMessageTakesSomethingToTell() {
        expectRoute(
            """
            from: { udp: "127.0.0.1:1" }
            to: { mqtt: local, topic: a, expiry: ttl, user_properties: [connection] }
            """,
            says: [
                "6:9: only a route from a connection has user_properties: [connection]",
                "6:42: expiry: ttl needs a ttl in the sink's queue, such as queue: { ttl: 5m }",
            ]
        )
        expectRoute(
            "from: cloud\nto: { mqtt: local, topic: a, content_type: \"\", user_properties: [age] }",
            says: [
                "6:48: content_type: it is empty: delete the line for none",
                "6:70: user_properties must be one of connection, received_at, found 'age'",
            ]
        )
    }

    @Test func topicsAndFilters() {
        expectRoute(
            """
            from: { mqtt: local, topic: a/#/b }
            to:
              - { mqtt: local, topic: a/# }
              - { mqtt: local, topic: 'a/{$.b' }
              - { mqtt: local, topic: 'a/{colour}' }
              - { mqtt: local }
              - { mqtt: local, topic: {connection} }
            """,
            says: [
                "5:33: topic: # stands alone in the last level, as in a/b/#",
                "7:31: topic: a topic that is published to can't hold the wildcard # (at character 4)",
                "8:31: topic: the closing } is missing; a literal brace is written {{ (at character 3)",
                "9:31: topic: nothing is called {colour}: write {$.path}, {connection}, {instance}, {route}, {topic} or "
                    + "{topic[0]}, and {{ for a literal brace (at character 4)",
                "10:9: routes.r.to needs a topic, such as topic: feed/trades",
                "11:31: topic must be a topic, perhaps with places such as {$.name}, found a mapping of keys: put quotes "
                    + "around text that begins with '{'",
            ]
        )
    }

    @Test func templatesTakeASourceThatHasWhatTheyName() {
        expectRoute(
            "from: cloud\nto: [ { mqtt: local, topic: 'a/{topic}' }, { mqtt: local, topic: 'a/{connection}' } ]",
            says: [
                "6:33: only a route from MQTT has a {topic}"
            ]
        )
        expectRoute(
            "from: { udp: \"127.0.0.1:1\" }\nto: { mqtt: local, topic: 'a/{connection}/{topic[1]}' }",
            says: [
                "6:31: only a route from MQTT has a {topic}",
                "6:31: only a route from a connection has a {connection}",
            ]
        )
    }

    @Test(arguments: [
        ("127.0.0.1", "the port is missing: write HOST:PORT, such as \"127.0.0.1:5005\", found '127.0.0.1'"),
        ("127.0.0.1:0", "the port can't be 0: write HOST:PORT, such as \"127.0.0.1:5005\", found '127.0.0.1:0'"),
        ("5005", "the host is missing: write HOST:PORT, such as \"127.0.0.1:5005\", found the number 5005"),
        ("\"::1:5005\"", "an IPv6 address stands in brackets: write [::1] instead of ::1, found '::1:5005'"),
        ("a.b:99999", "the port must be a number up to 65535, found 'a.b:99999'"),
        ("\":5005\"", "the host is missing, found ':5005'"),
    ])
    func udpAddresses(address: String, message: String) {
        expectRoute("from: { udp: \(address) }\nto: cloud", says: ["5:18: udp: \(message)"])
    }

    @Test("S12: broadcast and the rest of UDP's fine print")
    func s12UDP() {
        expectRoute(
            """
            from: { udp: "127.0.0.1:5006", multicast_interface: eth0, allow_from: [ 10.0.0.0/33, a, "::/0" ] }
            to:
              - { udp: "255.255.255.255:5005" }
              - { udp: "0.0.0.0:5005" }
              - { udp: "127.0.0.1:5005", ttl: 0, max_size: 70000, oversize: cut }
            """,
            says: [
                "5:36: multicast_interface needs a multicast group in udp, such as 239.0.0.1:5005",
                "5:77: allow_from: each item must be an address or a block such as 10.0.0.0/8, found '10.0.0.0/33'",
                "5:90: allow_from: each item must be an address or a block such as 10.0.0.0/8, found 'a'",
                "7:16: a broadcast address needs broadcast: true beside it",
                "8:16: 0.0.0.0 is an address to listen at, not one to send to",
                "9:39: ttl must be a whole number from 1 to 255, found the number 0",
                "9:52: max_size must be a whole number of bytes from 1 to 65507, found the number 70000",
                "9:69: oversize must be one of drop, truncate, found 'cut'",
            ]
        )
    }

    @Test func newlinesMatterToLinesOnly() {
        expectRoute(
            "from: cloud\nto: { fifo: /a, framing: nul, on_newline: drop }",
            says: [
                "6:35: on_newline means something with framing: lines only"
            ]
        )
    }

    @Test func aSinksQueueOverridesTheRoutes() throws {
        let queues = try route(
            """
            from: cloud
            queue: { when_full: drop_oldest, max_bytes: 1MiB }
            to:
              - other
              - { fifo: /a, queue: { max_bytes: 2MiB } }
              - { udp: "127.0.0.1:1", queue: { when_full: block } }
            """
        ).sinks.map(\.queue)
        #expect(queues.map(\.whenFull) == [.dropOldest, .dropOldest, .block])
        #expect(queues.map(\.maxBytes) == [1 << 20, 2 << 20, 1 << 20])
    }

    @Test func conflateNeedsItsKey() {
        expectRoute(
            "from: cloud\nto: other\nqueue: { when_full: conflate }",
            says: ["7:25: when_full: conflate needs conflate_by, such as $.symbol"]
        )
        expectRoute(
            "from: cloud\nto: other\nqueue: { conflate_by: $.a }",
            says: [
                "7:27: conflate_by needs when_full: conflate"
            ]
        )
        expectRoute(
            "from: cloud\nto: { connection: other, queue: { conflate_by: a } }\nqueue: { when_full: conflate, conflate_by: $.a }",
            says: ["6:52: conflate_by: a JSON path begins with $: write $.name (at character 1)"]
        )
    }

    @Test func oneSourceHasOneSetOfSettings() throws {
        expect(
            Self.head
                + """
                    from: { fifo: /a/b }
                    to: cloud
                  s: { from: { fifo: /a//b, framing: nul }, to: cloud }
                  t: { from: { udp: "127.0.0.1:5006" }, to: cloud }
                  u: { from: { udp: "localhost:5006", allow_from: [ 10.0.0.0/8 ] }, to: cloud }
                """,
            says: [
                "7:14: the routes r and s read the same source with different settings: make them the same",
                "9:14: the routes t and u read the same source with different settings: make them the same",
            ]
        )
        let shared = Self.head + "    from: { fifo: /a/b }\n    to: cloud\n  s: { from: { fifo: /a/b }, to: other }\n"
        #expect(try configuration(shared).routes.count == 2)
    }
}
