import NIOCore
import Testing

@testable import WSClient

struct HandshakeRequestTests {
    private let key = HandshakeKey(text: "dGhlIHNhbXBsZSBub25jZQ==")

    private func request(
        _ url: String,
        subprotocols: [String] = [],
        headers: [(name: String, value: String)] = [],
        userAgent: String? = nil
    ) throws -> String {
        let request = try HandshakeRequest(
            url: WebSocketURL(url),
            key: key,
            subprotocols: subprotocols,
            headers: headers,
            userAgent: userAgent
        )
        return String(buffer: request.bytes)
    }

    @Test("RFC 6455 4.1: the request on the wire") func wholeRequest() throws {
        let text = try request(
            "ws://example.com/feed?a=b",
            subprotocols: ["feed.v1", "feed.v2"],
            headers: [("X-Site", "12")]
        )
        #expect(
            text == """
                GET /feed?a=b HTTP/1.1\r
                Host: example.com\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                Sec-WebSocket-Protocol: feed.v1, feed.v2\r
                X-Site: 12\r
                \r

                """
        )
    }

    @Test(
        arguments: [
            ("ws://example.com/", "example.com"), ("ws://example.com:80/", "example.com"),
            ("wss://example.com:443/", "example.com"), ("ws://example.com:443/", "example.com:443"),
            ("wss://[::1]/", "[::1]"), ("wss://[::1]:80/", "[::1]:80"),
        ]
    )
    func hostNamesThePortThatIsNotTheDefault(url: String, host: String) throws {
        #expect(try request(url).contains("\r\nHost: \(host)\r\n"))
    }

    @Test(
        "RFC 9110 10.1.5: we say who we are, unless the user says something else",
        arguments: ["User-Agent", "user-agent"]
    )
    func userAgent(name: String) throws {
        #expect(try request("ws://h/", userAgent: "x/1").contains("\r\nUser-Agent: x/1\r\n"))
        let own = try request("ws://h/", headers: [(name, "mine")], userAgent: "x/1")
        #expect(own.contains("\r\n\(name): mine\r\n") && !own.contains("x/1"))
        #expect(try !request("ws://h/").contains("User-Agent"))
    }

    @Test("S6: user name and password never stand in the request's URL or Host") func userInfoStaysAway() throws {
        let text = try request("ws://canary:canary@example.com/feed")
        #expect(!text.contains("canary"))
        #expect(text.hasPrefix("GET /feed HTTP/1.1\r\nHost: example.com\r\n"))
    }

    @Test(
        "S6: a header with a forbidden byte is refused",
        arguments: ["\r", "\n", "\r\n", "\0", "\u{1B}", "\u{7F}"]
    )
    func refusesForbiddenBytes(byte: String) {
        for position in 0...2 {
            let pieces = ["ab", "c"]
            let text = position == 0 ? byte + "abc" : position == 1 ? pieces.joined(separator: byte) : "abc" + byte
            #expect(throws: WebSocketHeaderError.invalidValue(name: "X-Site")) {
                try WebSocketHeaderError.check(name: "X-Site", value: text)
            }
            #expect(throws: WebSocketHeaderError.self) {
                try WebSocketHeaderError.check(name: text, value: "x")
            }
            #expect(throws: WebSocketHeaderError.self) { try request("ws://h/", subprotocols: [text]) }
            #expect(throws: WebSocketHeaderError.self) { try request("ws://h/", headers: [("X-Site", text)]) }
        }
    }

    @Test("S6: a header name is a token", arguments: ["", "a b", "a:b", "ä", "a(b)", "a,b"])
    func refusesNames(name: String) {
        #expect(throws: WebSocketHeaderError.invalidName(name)) {
            try WebSocketHeaderError.check(name: name, value: "x")
        }
    }

    @Test(
        "S6: the handshake's own headers can't be set",
        arguments: [
            "Host", "UPGRADE", "connection", "Content-Length", "Transfer-Encoding", "Sec-WebSocket-Key",
            "sec-websocket-anything",
        ]
    )
    func refusesReserved(name: String) {
        #expect(throws: WebSocketHeaderError.reserved(name)) {
            try WebSocketHeaderError.check(name: name, value: "x")
        }
    }

    @Test("S7: what is wrong with a header is said without its value") func errorsHoldNoValue() {
        let error = #expect(throws: WebSocketHeaderError.self) {
            try WebSocketHeaderError.check(name: "Authorization", value: "Bearer canary\nX")
        }
        #expect(error?.description.contains("canary") == false)
    }

    @Test func tabsAndLatinLettersPass() throws {
        try WebSocketHeaderError.check(name: "X-Site", value: "a\tb é")
    }
}

struct RequestCredentialsTests {
    private func values(_ headers: [(name: String, value: String)]) -> [String] {
        headers.map { "\($0.name): \($0.value)" }
    }

    @Test func aTokenGivenAtRunTimeGoesBeforeTheConfiguredOne() {
        let request = RequestCredentials(
            configured: [("authorization", "Bearer old"), ("X-Site", "12")],
            source: [("Authorization", "Bearer fetched")],
            bearerToken: "new",
            userInfo: "u:p"
        )
        #expect(request.authorization == "Bearer new")
        #expect(values(request.headers) == ["X-Site: 12", "Authorization: Bearer new"])
    }

    @Test func theUserNameInTheURLBecomesBasic() {
        #expect(
            values(RequestCredentials(userInfo: "Aladdin:open sesame").headers)
                == ["Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]
        )
        #expect(
            values(RequestCredentials(userInfo: "u").headers)
                == ["Authorization: Basic dTo="]
        )
    }

    @Test func aConfiguredAuthorizationGoesBeforeTheUserName() {
        let request = RequestCredentials(configured: [("Authorization", "Bearer x")], userInfo: "u:p")
        #expect(values(request.headers) == ["Authorization: Bearer x"])
    }

    @Test("S3: another host gets no credentials") func stripsCredentials() {
        let request = RequestCredentials(
            configured: [
                ("Authorization", "x"), ("cookie", "y"), ("Proxy-Authorization", "z"), ("X-Api-Key", "k"),
                ("X-Site", "12"),
            ],
            source: [("X-Harmless", "but from the source")]
        )
        #expect(values(request.headersForOthers) == ["X-Site: 12"])
        #expect(request.headers.count == 6)
    }
}
