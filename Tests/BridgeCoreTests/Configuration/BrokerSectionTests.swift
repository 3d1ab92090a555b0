import BridgeCore
import Testing

/// `mqtt.NAME`, `status`, `web` and the other small sections.
struct BrokerSectionTests {
    private func expectBroker(
        _ keys: String,
        says lines: [String],
        environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let indented = keys.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        expect(
            "routes: {}\nmqtt:\n  local:\n\(indented)\n",
            says: lines,
            environment: environment,
            sourceLocation: sourceLocation
        )
    }

    @Test(arguments: [
        ("tcp://a.b", "write mqtt:// instead of tcp://"),
        ("ssl://a.b", "write mqtts:// instead of ssl://"),
        ("ws://a.b", "MQTT over WebSocket isn't supported: use the broker's mqtt:// port"),
        ("127.0.0.1:1883", "it must begin with mqtt:// or mqtts://"),
        ("mqtt://user:canary@a.b", "user and password stand in username and password"),
        ("mqtt://a.b/topic", "a broker has no path: topics stand at the routes"),
        ("mqtt://a.b:x", "the port must be a number up to 65535"),
    ])
    func urlsThatAreWrong(url: String, message: String) {
        expectBroker("url: \(url)", says: ["4:10: url: \(message)"])
    }

    @Test("S9: whom a request's answer may reach is written down, filter by filter")
    func s9ResponseTopics() throws {
        let gateway = try configuration(
            "mqtt: { a: { url: mqtt://127.0.0.1, response_topics: [ replies/#, 'a/+/b' ] } }\nroutes: {}\n"
        )
        #expect(gateway.brokers[0].responseTopics == ["replies/#", "a/+/b"])
        expectBroker(
            "url: mqtt://127.0.0.1\nresponse_topics: [ $SYS/# ]",
            says: ["5:24: response_topics: topics that begin with '$' are the broker's own"]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\nresponse_topics: [ a#b ]",
            says: ["5:24: response_topics: # stands alone in the last level, as in a/b/#"]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\nresponse_topics: [ a ]\nprotocol_version: 3.1.1",
            says: [
                "5:5: warning: response_topics has no effect with MQTT 3.1.1: local needs protocol_version: \"5\""
            ]
        )
    }

    @Test func defaultsAndEveryKey() throws {
        let gateway = try configuration(
            """
            instance: site-12
            mqtt:
              a: { url: mqtt://127.0.0.1 }
              b: { url: mqtts://broker.example.com }
              c:
                url: mqtt://[::1]:1900
                protocol_version: "3.1.1"
                client_id: me
                username: u
                password: { file: /a/b }
                keep_alive: 5s
                clean_session: true
                max_inflight: 7
                connect_timeout: 2s
            status: { mqtt: none }
            routes: {}
            """
        )
        let (a, b, c) = (gateway.brokers[0], gateway.brokers[1], gateway.brokers[2])
        var expected = BrokerConfiguration(
            name: "a",
            isSecure: false,
            host: "127.0.0.1",
            port: 1883,
            clientID: "wsbridge-site-12-a"
        )
        expected.instance = "site-12"
        #expect(a == expected)
        #expect(a.keepAlive == .seconds(30) && !a.cleanSession && a.maxInflight == 100 && a.protocolVersion == .v5)
        #expect(b.isSecure && b.port == 8883)
        #expect(c.host == "::1" && c.port == 1900 && c.protocolVersion == .v311 && c.clientID == "me")
        #expect(c.username == "u" && c.password == .file("/a/b") && c.keepAlive == .seconds(5) && c.cleanSession)
        #expect(c.maxInflight == 7 && c.connectTimeout == .seconds(2))
        #expect(gateway.status == nil)
    }

    @Test func aSessionLastsAWeekOrWhatIsWritten() throws {
        let gateway = try configuration(
            """
            mqtt:
              a: { url: mqtt://127.0.0.1 }
              b: { url: mqtt://127.0.0.1, client_id: b, session_expiry: 90s }
            status: { mqtt: none }
            routes: {}
            """
        )
        #expect(gateway.brokers.map(\.sessionExpiry) == [.seconds(7 * 24 * 3600), .seconds(90)])
    }

    @Test func whereNoSessionExpiryCanBeSetItIsSaid() {
        expectBroker(
            "url: mqtt://127.0.0.1\nprotocol_version: \"3.1.1\"\nsession_expiry: 1h",
            says: [
                "6:5: warning: session_expiry has no effect with MQTT 3.1.1, where the broker alone decides how long it "
                    + "keeps a session: local needs protocol_version: \"5\""
            ]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\nclean_session: true\nsession_expiry: 1h",
            says: ["6:5: warning: session_expiry has no effect with clean_session: true, which keeps no session"]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\nsession_expiry: 1500ms",
            says: ["5:21: session_expiry must be whole seconds"]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\nsession_expiry: 0s",
            says: ["5:21: session_expiry must be a duration from 1s to 87600h, such as 10s, found '0s'"]
        )
    }

    @Test func keepAliveIsNoneOrAtLeastFiveWholeSeconds() {
        for value in ["0", "0s", "5s", "1h"] {
            expectBroker("url: mqtt://127.0.0.1\nkeep_alive: \(value)", says: [])
        }
        expectBroker(
            "url: mqtt://127.0.0.1\nkeep_alive: 4s",
            says: [
                "5:17: keep_alive of a broker must be 0 (no pings) or at least 5s"
            ]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\nkeep_alive: 5500ms",
            says: [
                "5:17: keep_alive of a broker must be whole seconds"
            ]
        )
    }

    @Test func passwords() {
        expectBroker(
            "url: mqtt://127.0.0.1\nprotocol_version: 3.1.1\npassword: x",
            says: [
                "6:5: MQTT 3.1.1 has no password without a username"
            ]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\npassword: ''",
            says: [
                "5:15: password is empty: give it a value, or delete the line"
            ]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\npassword: { path: canary }",
            says: [
                "5:15: password must be a text or { file: PATH }, found other keys"
            ]
        )
        expectBroker(
            "url: mqtt://127.0.0.1\npassword: [ canary ]",
            says: [
                "5:15: password must be a text or { file: PATH }, found a list"
            ]
        )
    }

    @Test("S5: an MQTT password over plain text to another machine is a warning")
    func s5PlainPassword() {
        expectBroker(
            "url: mqtt://broker.example.com\nusername: u\npassword: ${P}",
            says: [
                "6:5: warning: the password travels unencrypted: use mqtts://"
            ],
            environment: ["P": "x"]
        )
        expectBroker("url: mqtt://127.0.0.1\nusername: u\npassword: ${P}", says: [], environment: ["P": "x"])
    }

    @Test func noTwoBrokersShareAClientID() {
        expect(
            """
            mqtt:
              a: { url: mqtt://127.0.0.1, client_id: x }
              b: { url: mqtt://127.0.0.1:1883, client_id: x }
              c: { url: mqtt://127.0.0.1:1884, client_id: x }
            status: { mqtt: a }
            routes: {}
            """,
            says: ["3:3: b and a have the same client_id at the same broker, which would end one of them"]
        )
    }

    @Test func brokersAndConnectionsShareNoName() {
        expect(
            "connections: { a: { url: ws://a.b } }\nmqtt: { a: { url: mqtt://a.b } }\nroutes: {}\n",
            says: [
                "2:9: 'a' is a connection and a broker (line 1): give one of them another name"
            ]
        )
    }

    @Test func theOnlyBrokerCarriesTheStatusTopics() throws {
        let gateway = try configuration("instance: s\nmqtt: { local: { url: mqtt://127.0.0.1 } }\nroutes: {}\n")
        #expect(gateway.status == StatusConfiguration(broker: "local", baseTopic: "wsbridge/s"))
        let own = try configuration(
            "mqtt: { local: { url: mqtt://127.0.0.1 } }\nstatus: { base_topic: a/b }\nroutes: {}\n"
        )
        #expect(own.status == StatusConfiguration(broker: "local", baseTopic: "a/b"))
        #expect(try configuration("routes: {}\n").status == nil)
    }

    @Test func ofSeveralBrokersOneMustBeChosen() throws {
        let brokers = "mqtt: { a: { url: mqtt://a.b }, c: { url: mqtt://c.d } }\nroutes: {}\n"
        let warning =
            "warning: there are several brokers and none is chosen for the status topics: write "
            + "status: { mqtt: a }, or status: { mqtt: none }"
        #expect(try configuration(brokers, warnings: ["1:1: \(warning)"]).status == nil)
        #expect(try configuration(brokers + "status: { mqtt: c }\n").status?.broker == "c")
        expect(brokers + "status: { mqtt: d }\n", says: ["3:17: there is no broker 'd': there is a, c"])
    }

    @Test(arguments: [
        ("a/#", "a topic that is published to can't hold the wildcard #"), ("''", "the topic is empty"),
        ("$SYS/a", "topics that begin with '$' are the broker's own"),
        ("/a", "a topic neither begins nor ends with '/'"),
        ("a/", "a topic neither begins nor ends with '/'"), ("a//b", "a level of the topic is empty"),
    ])
    func baseTopics(topic: String, message: String) {
        expect(
            "mqtt: { a: { url: mqtt://a.b } }\nstatus: { base_topic: \(topic) }\nroutes: {}\n",
            says: [
                "2:23: base_topic: \(message)"
            ]
        )
    }

    @Test(arguments: [
        ("a/b", "a topic level can't hold '/'"), ("'+'", "a topic level can't hold '+'"), ("''", "it is empty"),
        ("$a", "a topic level can't begin with '$'"), ("\"a\\tb\"", "a topic level can't hold control characters"),
    ])
    func instances(instance: String, message: String) {
        expect("instance: \(instance)\nroutes: {}\n", says: ["1:11: instance: \(message)"])
    }

    @Test("S13: the page is for this machine only")
    func s13Web() throws {
        for address in ["0.0.0.0:8780", "192.168.1.5:8780", "'[::]:8780'", "example.com:8780"] {
            let lines = Transcript().lines("web: { listen: \(address) }\nroutes: {}\n")
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("1:16: listen: only this machine may reach the page"))
        }
        let web = try configuration("web: { listen: none }\nroutes: {}\n").web
        #expect(web.listen == nil && web.isConfigured)
        let byDefault = try configuration("routes: {}\n").web
        #expect(byDefault.listen == "127.0.0.1:8780" && !byDefault.isConfigured)
    }

    @Test func theRest() throws {
        let gateway = try configuration(
            "control_socket: /a/b.sock\nshutdown_timeout: 3s\nlog: { level: debug, format: json }\nroutes: {}\n"
        )
        #expect(gateway.controlSocket == "/a/b.sock")
        #expect(gateway.shutdownTimeout == .seconds(3))
        #expect(gateway.log.level == .debug && gateway.log.format == .json)
        let long = "/" + String(repeating: "x", count: 107)
        expect(
            "control_socket: \(long)\nroutes: {}\n",
            says: [
                "1:17: control_socket: the path of a socket can't be longer than 107 bytes"
            ]
        )
    }

    @Test func aFileWithoutRoutesIsAWarning() {
        expect("instance: a\n", says: ["1:1: warning: there are no routes: nothing will be forwarded"])
    }
}
