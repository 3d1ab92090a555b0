import BridgeCore
import TLS
import Testing
import WSClient

/// The keys of `connections.NAME`.
struct ConnectionSectionTests {
    /// Lines from the fourth on are the keys of one connection.
    private func expectConnection(
        _ keys: String,
        says lines: [String],
        environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expect(file(keys), says: lines, environment: environment, sourceLocation: sourceLocation)
    }

    private func file(_ keys: String) -> String {
        let indented = keys.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        return "routes: {}\nconnections:\n  cloud:\n\(indented)\n"
    }

    private func endpoint(_ keys: String) throws -> WebSocketURL {
        try configuration(file(keys)).connections[0].endpoint
    }

    @Test func urls() throws {
        for (written, meant) in [
            ("wss://example.com", "wss://example.com:443/"),
            ("WS://127.0.0.1:8080/a/b?c=d", "ws://127.0.0.1:8080/a/b?c=d"),
            ("ws://[::1]:0?x", "ws://[::1]:80/?x"),
        ] {
            #expect(try endpoint("url: \(written)") == WebSocketURL(meant))
        }
        let url = try endpoint("url: wss://us%40er:p%3Ass@example.com/")
        #expect(url.userInfo == "us@er:p:ss" && url.host == "example.com")
    }

    private static let percent =
        "a % in a URL is followed by two hexadecimal digits, and what is encoded before '@' is UTF-8: write %25 if a % "
        + "is meant"

    @Test(arguments: [
        ("example.com/feed", "it must begin with ws:// or wss://"),
        ("https://example.com", "write wss:// instead of https://"),
        ("http://example.com", "write ws:// instead of http://"),
        ("mqtt://example.com", "a broker belongs in mqtt.NAME"),
        ("ftp://example.com", "it must begin with ws:// or wss://"),
        ("wss://", "the host is missing"),
        ("wss:///feed", "the host is missing"),
        ("wss://example.com:70000", "the port must be a number up to 65535"),
        ("wss://example.com:http", "the port must be a number up to 65535"),
        ("wss://exa mple.com", "the character space can't stand in a URL: write %20 instead"),
        ("wss://example.com/\u{E4}", "the character U+00E4 can't stand in a URL: write %C3%A4 instead"),
        (
            "'wss://example.com/#top'",
            "what stands behind '#' is never sent: leave it out, or write %23 if a # is meant"
        ),
        ("wss://::1/feed", "an IPv6 address stands in brackets: write [::1] instead of ::1"),
        ("'wss://[::1'", "in the brackets is no IPv6 address, or the ']' is missing: write one as in [2001:db8::1]"),
        ("'wss://[::g]'", "in the brackets is no IPv6 address, or the ']' is missing: write one as in [2001:db8::1]"),
        ("wss://300.1.1.1", "the host's last part is a number, so it would be read as an IPv4 address, which it isn't"),
        ("wss://ex$mple.com", "a host's name holds letters, digits, '.' and '-' only (beyond ASCII: its xn-- form)"),
        ("wss://a..b/x", "a host's name has something before and between its dots"),
        ("wss://a%zz@example.com", Self.percent),
        ("wss://example.com/feed%zz", Self.percent),
        ("wss://example.com/?q=100%", Self.percent),
        ("ws+unix:/run/x.sock:/%zz", Self.percent),
        ("wss://a%0Ab@example.com", "the character U+000A can't stand in a URL: write %0A instead"),
    ])
    func urlsThatAreWrong(url: String, message: String) {
        expectConnection("url: \(url)", says: ["4:10: url: \(message)"])
    }

    @Test("DESIGN 1: Hostname, Path, Protocol, Port (0 = default)")
    func hostnamePathProtocolAndPort() throws {
        #expect(
            try endpoint("hostname: example.com")
                == WebSocketURL(isSecure: true, host: "example.com", port: 443, path: "/")
        )
        #expect(
            try endpoint("hostname: example.com\nprotocol: ws\npath: /v1?a=b\nport: 0")
                == WebSocketURL(isSecure: false, host: "example.com", port: 80, path: "/v1?a=b")
        )
        #expect(
            try endpoint("hostname: \"::1\"\nport: 8443")
                == WebSocketURL(isSecure: true, host: "::1", port: 8443, path: "/")
        )
    }

    @Test(
        "DESIGN 1: a scheme inside hostname says what to write",
        arguments: [
            ("wss://stream.example.com", "write protocol: wss and hostname: stream.example.com"),
            ("ws://a.b:81/x?token=canary", "write protocol: ws, hostname: a.b, port: 81 and path: /x"),
            ("wss://user:canary@a.b", "write protocol: wss and hostname: a.b"),
            ("http://a.b", "write protocol: ws or wss, and the name alone in hostname"),
        ]
    )
    func aSchemeInsideHostname(hostname: String, advice: String) {
        expectConnection("hostname: \(hostname)", says: ["4:15: hostname: a scheme can't stand in hostname: \(advice)"])
    }

    @Test(arguments: [
        ("example.com/feed", "a path can't stand in hostname: write it in path"),
        ("example.com:8080", "a port can't stand in hostname: write hostname: example.com and port: 8080"),
        ("'[::1]'", "no brackets are needed here: write hostname: \"::1\""),
        ("'[::1]:80'", "a port can't stand in hostname: write hostname: ::1 and port: 80"),
        ("''", "the host is missing"),
    ])
    func hostnamesThatAreWrong(hostname: String, message: String) {
        expectConnection("hostname: \(hostname)", says: ["4:15: hostname: \(message)"])
    }

    @Test func urlStandsAlone() {
        expectConnection(
            "url: wss://a.b\nhostname: a.b\npath: /\nprotocol: ws\nport: 1",
            says: [
                "5:5: hostname can't stand beside url, which says it all",
                "6:5: path can't stand beside url, which says it all",
                "7:5: protocol can't stand beside url, which says it all",
                "8:5: port can't stand beside url, which says it all",
            ]
        )
    }

    @Test func oneOfThemIsNeeded() {
        expectConnection(
            "path: feed\nport: 70000",
            says: [
                "3:3: connections.cloud needs a url, such as wss://example.com/feed, or a hostname",
                "4:11: path: a path begins with '/': write /feed instead of feed",
                "5:11: port must be a whole number from 0 to 65535, found the number 70000",
            ]
        )
    }

    @Test func namesOfConnections() {
        expect(
            "routes: {}\nconnections: { \"a b\": { url: wss://a.b } }\n",
            says: [
                "2:16: the name 'a b' must be 1 to 64 of A-Z a-z 0-9 _ -, in connections"
            ]
        )
        let long = String(repeating: "x", count: 65)
        #expect(Transcript().lines("routes: {}\nconnections: { \(long): { url: wss://a.b } }\n").count == 1)
    }

    @Test("S6: headers that belong to the handshake, or would break it")
    func s6Headers() {
        expectConnection(
            """
            url: wss://a.b
            headers:
              Upgrade: x
              connection: x
              Host: x
              Sec-WebSocket-Key: x
              Sec-WebSocket-Protocol: x
              Sec-WebSocket-Extensions: x
              Content-Length: x
              TRANSFER-ENCODING: x
              "a b": x
              "a:": x
              "\u{E4}": x
              X-A: "a\\r\\nX: b"
              X-B: "a\\nb"
              X-C: "a\\rb"
              X-D: "a\\0b"
              X-E: "a\\eb"
              x-f: 1
              X-F: 2
              X-G:
            """,
            says: [
                "6:7: headers: Upgrade belongs to the handshake, and is written by the gateway: delete it",
                "7:7: headers: connection belongs to the handshake, and is written by the gateway: delete it",
                "8:7: headers: Host is written by the gateway from the url",
                "9:7: headers: Sec-WebSocket-Key belongs to the handshake, and is written by the gateway: delete it",
                "10:7: headers: Sec-WebSocket-Protocol is written by the gateway: use subprotocols",
                "11:7: headers: Sec-WebSocket-Extensions is written by the gateway: use compression",
                "12:7: headers: Content-Length belongs to the handshake, and is written by the gateway: delete it",
                "13:7: headers: TRANSFER-ENCODING belongs to the handshake, and is written by the gateway: delete it",
                "14:7: headers: a header's name holds letters, digits and !#$%&'*+-.^_`|~ only; write name and value with ': ' between",
                "15:7: headers: a header's name holds letters, digits and !#$%&'*+-.^_`|~ only; write name and value with ': ' between",
                "16:7: headers: a header's name holds letters, digits and !#$%&'*+-.^_`|~ only; write name and value with ': ' between",
                "17:12: X-A holds a line break, which would begin another header",
                "18:12: X-B holds a line break, which would begin another header",
                "19:12: X-C holds a line break, which would begin another header",
                "20:12: X-D holds a NUL",
                "21:12: X-E holds a control character",
                "23:7: X-F and x-f are the same header: delete one of them",
                "24:11: X-G must be a text or { file: PATH }, found nothing",
            ]
        )
    }

    @Test("S6: a token with a line break")
    func s6Token() {
        expectConnection(
            "url: wss://a.b\nbearer_token: ${T}",
            says: [
                "5:19: bearer_token holds a line break, which would begin another header, in the value of ${T}"
            ],
            environment: ["T": "a\r\nX: b"]
        )
    }

    @Test func thereIsOneAuthorization() {
        expectConnection(
            "url: wss://a.b\nbearer_token: x\nheaders: { authorization: y }",
            says: [
                "5:5: bearer_token and headers.Authorization say the same: keep one of them"
            ]
        )
        expectConnection(
            "url: wss://u:p@a.b\nbearer_token: x",
            says: [
                "4:10: the url's user and password and bearer_token say the same: keep one of them"
            ]
        )
    }

    @Test func subprotocolsAreTokensEachOnce() {
        expectConnection(
            "url: wss://a.b\nsubprotocols: [ a, 'b c' ]",
            says: [
                "5:24: subprotocols: a subprotocol holds letters, digits and !#$%&'*+-.^_`|~ only"
            ]
        )
        expectConnection(
            "url: wss://a.b\nsubprotocols: [ a, b, a ]",
            says: [
                "5:19: subprotocols lists a subprotocol twice"
            ]
        )
    }

    @Test func reconnectDelaysGrow() {
        expectConnection(
            "url: wss://a.b\nreconnect: { initial_delay: 10s, max_delay: 5s }",
            says: [
                "5:49: initial_delay can't be longer than max_delay, which is 5s"
            ]
        )
        expectConnection(
            "url: wss://a.b\nreconnect: { initial_delay: 10m }",
            says: [
                "5:33: initial_delay can't be longer than max_delay, which is 1m"
            ]
        )
    }

    @Test func tlsNeedsPairsAndPinsOf32Bytes() throws {
        let pin = "x3sgSKVIGhKuPCRbzvKZCsNvdVmTzgMqzpqdHqKJ9Ks="
        expectConnection(
            """
            url: wss://a.b
            tls:
              cert_file: a.pem
              pin_sha256: [ "\(pin)", abc, "\(String(repeating: "a0", count: 32))" ]
              min_version: "1.1"
              server_name: a/b
            """,
            says: [
                "6:7: cert_file needs key_file beside it",
                "7:69: pin_sha256: each item must be the base64 of a SHA-256 (44 characters that end with '='), found 'abc'",
                "7:74: pin_sha256: each item must be the base64 of a SHA-256 (44 characters that end with '='), found "
                    + "'a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0…': hexadecimal must be turned into base64",
                "8:20: min_version must be one of 1.2, 1.3, found '1.1'; did you mean '1.2'?",
                "9:20: server_name: a host's name holds letters, digits, '.' and '-' only (beyond ASCII: its xn-- form)",
            ]
        )
        expectConnection("url: wss://a.b\ntls: { key_file: a }", says: ["5:12: key_file needs cert_file beside it"])
        let tls = try configuration(file("url: wss://a.b\ntls: { pin_sha256: [ \"\(pin)\" ], min_version: \"1.3\" }"))
            .connections[0].tls
        #expect(tls.pinnedSHA256.first?.count == 32)
        #expect(tls.pinnedSHA256.first?.prefix(3) == [0xC7, 0x7B, 0x20])
        #expect(tls.minimumVersion == .tls13)
    }

    @Test func whatIsUnsafeIsAWarning() {
        expectConnection(
            "url: ws://a.b\nbearer_token: ${T}\ntls: { insecure: true }",
            says: [
                "5:5: warning: the token travels unencrypted: use wss",
                "6:5: warning: tls has no effect on a ws connection: use wss",
                "6:12: warning: insecure accepts any certificate: whoever is on the way can read and change everything",
            ],
            environment: ["T": "x"]
        )
        expectConnection("url: ws://127.0.0.1\nbearer_token: ${T}", says: [], environment: ["T": "x"])
        expectConnection("url: ws://a.b\nproxy: https://p:443\ntls: { ca_file: /proxy.pem }", says: [])
    }

    @Test func everyKeyIsRead() throws {
        let connection = try configuration(
            file(
                """
                url: wss://a.b
                auto_connect: false
                auto_reconnect: false
                reconnect: { initial_delay: 2s, max_delay: 30s, stable_after: 5s }
                connect_timeout: 3s
                send_keep_alive: false
                keep_alive: { interval: 7s, timeout: 4s }
                silence_timeout: 1m
                bearer_token: { file: /a/token }
                headers: { X-A: b, Cookie: { file: /a/cookie } }
                subprotocols: [ a, b ]
                max_message_size: 1MiB
                on_established: [ '{"a":1}', '' ]
                follow_redirects: 2
                extended_logging: true
                log_comms: true
                tls: { ca_file: ca.pem, cert_file: c.pem, key_file: k.pem, server_name: other.example.com }
                """
            )
        ).connections[0]
        #expect(connection.name == "cloud")
        #expect(!connection.autoConnect && !connection.autoReconnect && !connection.sendKeepAlive)
        #expect(connection.reconnect.initialDelay == .seconds(2))
        #expect(connection.reconnect.maxDelay == .seconds(30))
        #expect(connection.reconnect.stableAfter == .seconds(5))
        #expect(connection.connectTimeout == .seconds(3))
        #expect(connection.keepAlive.interval == .seconds(7))
        #expect(connection.keepAlive.timeout == .seconds(4))
        #expect(connection.silenceTimeout == .seconds(60))
        #expect(connection.bearerToken == .file("/a/token"))
        #expect(
            connection.headers == [
                HeaderConfiguration(name: "X-A", value: .literal("b")),
                HeaderConfiguration(name: "Cookie", value: .file("/a/cookie")),
            ]
        )
        #expect(connection.subprotocols == ["a", "b"])
        #expect(connection.maxMessageSize == 1 << 20)
        #expect(connection.onEstablished == ["{\"a\":1}", ""])
        #expect(connection.followRedirects == 2)
        #expect(connection.extendedLogging && connection.logComms)
        #expect(
            connection.tls
                == TLSConfiguration(
                    caFile: "ca.pem",
                    certificateFile: "c.pem",
                    keyFile: "k.pem",
                    serverName: "other.example.com"
                )
        )
    }
}
