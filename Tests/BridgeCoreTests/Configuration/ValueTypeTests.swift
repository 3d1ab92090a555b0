import BridgeCore
import Testing
import WSClient

/// Values of the wrong kind: what was expected, what was found, what to write.
struct ValueTypeTests {
    private func connection(
        _ line: String,
        says message: String,
        at column: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expect(
            "connections:\n  cloud:\n    url: wss://example.com\n    \(line)\nroutes: {}\n",
            says: ["4:\(column): \(message)"],
            sourceLocation: sourceLocation
        )
    }

    @Test(arguments: [
        ("10", "found the number 10: write a unit, such as 10s"),
        ("10sec", "found '10sec'; did you mean '10s'?"),
        ("10 s", "found '10 s'; did you mean '10s'?"),
        ("1min", "found '1min'; did you mean '1m'?"),
        ("1d", "found '1d': the units are ms, s, m, h"),
        ("1.5s", "found '1.5s': write a whole number of a smaller unit"),
        ("1h30m", "found '1h30m': the units are ms, s, m, h"),
        ("soon", "found 'soon'"),
        ("-5s", "found '-5s'"),
        ("2h", "found '2h'"),
        ("0", "found the number 0"),
        ("99999999999999999999s", "found '99999999999999999999s'"),
        ("true", "found 'true'"),
        ("", "found nothing"),
        ("[ 1s ]", "found a list"),
        ("{ a: b }", "found a mapping of keys: put quotes around text that begins with '{'"),
    ])
    func durations(value: String, found: String) {
        connection(
            "connect_timeout: \(value)",
            says: "connect_timeout must be a duration from 10ms to 10m, such as 10s, \(found)",
            at: value.isEmpty ? 21 : 22
        )
    }

    @Test(arguments: [("250ms", 250), ("10s", 10_000), ("5m", 300_000), ("\"10s\"", 10_000)])
    func durationsThatAreRight(value: String, milliseconds: Int) throws {
        let gateway = try configuration(
            "connections: { cloud: { url: \"wss://a.b\", connect_timeout: \(value) } }\nroutes: {}\n"
        )
        #expect(gateway.connections[0].connectTimeout == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        ("100", "found the number 100: write a unit, such as 100KiB"),
        ("16MB", "found '16MB'; did you mean '16MiB'?"),
        ("64k", "found '64k'; did you mean '64KiB'?"),
        ("64kib", "found '64kib'; did you mean '64KiB'?"),
        ("2GiB", "found '2GiB'"),
        ("1.5MiB", "found '1.5MiB': write a whole number of a smaller unit"),
        ("5PiB", "found '5PiB': the units are B, KiB, MiB, GiB"),
    ])
    func sizes(value: String, found: String) {
        connection(
            "max_message_size: \(value)",
            says: "max_message_size must be a size from 1B to 1GiB, such as 64KiB, \(found)",
            at: 23
        )
    }

    @Test(arguments: [("64KiB", 65_536), ("16MiB", 16 << 20), ("1GiB", 1 << 30), ("100B", 100)])
    func sizesThatAreRight(value: String, bytes: Int) throws {
        let gateway = try configuration(
            "connections: { cloud: { url: \"wss://a.b\", max_message_size: \(value) } }\nroutes: {}\n"
        )
        #expect(gateway.connections[0].maxMessageSize == bytes)
    }

    @Test(arguments: [
        ("yes", "found 'yes': write true"), ("Off", "found 'Off': write false"),
        ("1", "found the number 1: write true"),
        ("maybe", "found 'maybe'"), ("", "found nothing"),
    ])
    func booleans(value: String, found: String) {
        connection(
            "auto_connect: \(value)",
            says: "auto_connect must be true or false, \(found)",
            at: value.isEmpty ? 18 : 19
        )
    }

    @Test(arguments: [("4", "the number 4"), ("-1", "the number -1"), ("1.0", "the number 1.0"), ("few", "'few'")])
    func integers(value: String, found: String) {
        connection(
            "follow_redirects: \(value)",
            says: "follow_redirects must be a whole number from 0 to 3, found \(found)",
            at: 23
        )
    }

    @Test func enumerationsListTheirWords() {
        expect(
            "log: { level: warn, format: xml }\nroutes: {}\n",
            says: [
                "1:15: level must be one of trace, debug, info, notice, warning, error, critical, found 'warn'; did you mean 'warning'?",
                "1:29: format must be one of text, json, found 'xml'",
            ]
        )
    }

    @Test func listsAndMappings() {
        connection(
            "subprotocols: feed.v1",
            says: "subprotocols must be a list such as [ feed.v1 ], found 'feed.v1'",
            at: 19
        )
        connection(
            "keep_alive: 20s",
            says: "keep_alive must be a mapping such as 'keep_alive: { interval: …, timeout: … }', found '20s'",
            at: 17
        )
        connection(
            "on_established: hello",
            says: #"on_established must be a list such as [ '{"op":"subscribe"}' ], found 'hello'"#,
            at: 21
        )
        expect(
            "connections: [ a ]\nroutes: {}\n",
            says: [
                "1:14: connections must be a mapping such as 'connections: { NAME: { url: … } }', found a list"
            ]
        )
        expect(
            "connections: { cloud: wss://example.com }\nroutes: {}\n",
            says: [
                "1:23: cloud must be a mapping such as 'cloud: { url: … }', found 'wss://example.com'"
            ]
        )
    }

    @Test func aMissingIndentationIsExplained() {
        expect(
            "connections:\n  cloud:\n  url: ws://x\nroutes: {}\n",
            says: [
                "2:3: connections.cloud needs a url, such as wss://example.com/feed, or a hostname",
                "3:3: url stands where a name was expected: indent it below one, as in 'NAME: { url: … }'",
            ]
        )
    }

    @Test func jsonWithoutQuotesIsExplained() {
        connection(
            #"on_established: [ {"op":"subscribe"} ]"#,
            says: #"on_established is a list of texts: put single quotes around JSON, as in - '{"op":"subscribe"}'"#,
            at: 23
        )
    }

    @Test func emptySectionsAreFine() throws {
        _ = try configuration("connections:\nmqtt:\nlog:\nstatus:\nweb:\nroutes:\n")
    }

    @Test func whatIsPlainOrQuotedIsTheKeysDecision() throws {
        let gateway = try configuration(
            """
            instance: 12
            connections:
              cloud: { hostname: example.com, port: "8080", headers: { X-Site: 12 }, tls: { min_version: 1.3 } }
            mqtt:
              local: { url: mqtt://127.0.0.1, protocol_version: 5, username: 7 }
            routes: {}
            """
        )
        #expect(gateway.instance == "12")
        #expect(gateway.connections[0].endpoint.port == 8080)
        #expect(gateway.connections[0].headers[0].value == .literal("12"))
        #expect(gateway.brokers[0].username == "7")
    }
}
