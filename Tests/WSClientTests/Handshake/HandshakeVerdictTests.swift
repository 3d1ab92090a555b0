import NIOCore
import NIOHTTP1
import Testing

@testable import WSClient

struct HandshakeVerdictTests {
    private func verdict(
        _ status: Int,
        _ headers: HTTPHeaders = [:],
        offered: [String] = [],
        phrase: String = ""
    ) throws -> HandshakeVerdict {
        let request = try HandshakeRequest(
            url: WebSocketURL("ws://h/"),
            key: HandshakeKey(text: "dGhlIHNhbXBsZSBub25jZQ=="),
            subprotocols: offered,
            headers: []
        )
        return HandshakeVerdict(
            ResponseHead(status: status, reasonPhrase: phrase, headers: headers),
            to: request,
            wallClock: 784_111_777
        )
    }

    private func switching(_ changes: (inout HTTPHeaders) -> Void = { _ in }) -> HTTPHeaders {
        var headers: HTTPHeaders = [
            "Upgrade": "WebSocket", "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ]
        changes(&headers)
        return headers
    }

    @Test func acceptsWhatTheRFCAsksFor() throws {
        #expect(try verdict(101, switching()) == .established(subprotocol: nil))
        #expect(
            try verdict(101, switching { $0.add(name: "Sec-WebSocket-Protocol", value: "b") }, offered: ["a", "b"])
                == .established(subprotocol: "b")
        )
        #expect(try verdict(101, switching(), offered: ["a"]) == .established(subprotocol: nil))
        let empty = switching {
            $0.add(name: "Sec-WebSocket-Protocol", value: "")
            $0.add(name: "Sec-WebSocket-Extensions", value: "")
        }
        #expect(try verdict(101, empty, offered: ["a"]) == .established(subprotocol: nil), "nothing behind it: absent")
        #expect(try verdict(101, empty) == .established(subprotocol: nil))
    }

    @Test("S1: a wrong, missing or doubled Sec-WebSocket-Accept fails") func verifiesAccept() throws {
        let wrong: [(inout HTTPHeaders) -> Void] = [
            { $0.replaceOrAdd(name: "Sec-WebSocket-Accept", value: "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=") },
            { $0.replaceOrAdd(name: "Sec-WebSocket-Accept", value: "S3PPLMBITXAQ9KYGZZHZRBK+XOO=") },
            { $0.replaceOrAdd(name: "Sec-WebSocket-Accept", value: "") },
            { $0.remove(name: "Sec-WebSocket-Accept") },
            { $0.add(name: "Sec-WebSocket-Accept", value: "x") },
        ]
        for change in wrong {
            #expect(
                try verdict(101, switching(change))
                    == .failed(
                        ConnectionFailure(
                            "server's Sec-WebSocket-Accept doesn't match: it may be no WebSocket server"
                        )
                    )
            )
        }
    }

    @Test("S2: what was not offered, or not agreed to, fails") func failsClosed() throws {
        let cases: [(change: (inout HTTPHeaders) -> Void, reason: String, remedy: ConnectionFailure.Remedy)] = [
            ({ $0.remove(name: "Upgrade") }, "server answered 101 without \"Upgrade: websocket\"", .waiting),
            (
                { $0.replaceOrAdd(name: "Upgrade", value: "h2c") },
                "server answered 101 without \"Upgrade: websocket\"", .waiting
            ),
            (
                { $0.replaceOrAdd(name: "Connection", value: "close") },
                "server answered 101 without \"Connection: Upgrade\"", .waiting
            ),
            (
                { $0.add(name: "Sec-WebSocket-Extensions", value: "permessage-deflate") },
                "server uses the extension \"permessage-deflate\", which was not offered", .person
            ),
            (
                { $0.add(name: "Sec-WebSocket-Protocol", value: "B\u{1B}[2J") },
                "server chose the subprotocol \"B\\u{1b}[2J\", which was not offered", .person
            ),
        ]
        for (change, reason, remedy) in cases {
            #expect(
                try verdict(101, switching(change), offered: ["a", "b"])
                    == .failed(ConnectionFailure(reason, remedy: remedy))
            )
        }
        let doubled = switching {
            $0.add(name: "Sec-WebSocket-Protocol", value: "a")
            $0.add(name: "Sec-WebSocket-Protocol", value: "b")
        }
        guard case .failed(let failure) = try verdict(101, doubled, offered: ["a", "b"]) else {
            Issue.record("accepted")
            return
        }
        #expect(failure.remedy == .person)
    }

    @Test(
        arguments: [
            (400, ConnectionFailure.Remedy.person), (401, .credentials), (403, .credentials), (404, .person),
            (408, .waiting), (410, .person), (425, .waiting), (426, .person), (429, .waiting), (500, .waiting),
            (502, .waiting), (503, .waiting), (200, .waiting), (204, .waiting), (304, .person), (599, .waiting),
        ]
    )
    func sortsStatuses(status: Int, remedy: ConnectionFailure.Remedy) throws {
        guard case .failed(let failure) = try verdict(status) else {
            Issue.record("not failed")
            return
        }
        #expect(failure.remedy == remedy)
        #expect(failure.reason.hasPrefix("server answered \(status)"))
    }

    @Test func saysWhatTheServerAnswered() throws {
        #expect(
            try verdict(503, ["Retry-After": "5"], phrase: "whatever")
                == .failed(
                    ConnectionFailure(
                        "server answered 503 Service Unavailable, retry after 5 s",
                        retryAfter: .seconds(5)
                    )
                )
        )
        let page = "server answered 200 OK instead of switching to WebSocket; look at the URL's path"
        #expect(try verdict(200) == .failed(ConnectionFailure(page)))
        #expect(
            try verdict(503, ["Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT"])
                == .failed(
                    ConnectionFailure(
                        "server answered 503 Service Unavailable, retry after 10 s",
                        retryAfter: .seconds(10)
                    )
                )
        )
    }

    @Test(
        "a Retry-After of nothing is none: a 401 with it refuses the credentials",
        arguments: ["0", "00", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:36 GMT"]
    )
    func atOnceIsNoWait(text: String) throws {
        let answer = try verdict(401, ["Retry-After": text])
        #expect(answer == (try verdict(401)))
        guard case .failed(let failure) = answer else {
            Issue.record("not failed")
            return
        }
        #expect(failure.refusesCredentials && failure.retryAfter == nil)
    }

    @Test("S10: a hostile status line is made printable") func escapesThePhrase() throws {
        #expect(
            try verdict(599, phrase: "a\u{1B}[31m\u{202E}\r\nforged")
                == .failed(ConnectionFailure("server answered 599 a\\u{1b}[31m\\u{202e}\\r\\nforged"))
        )
        guard case .failed(let failure) = try verdict(599, phrase: String(repeating: "x", count: 10_000)) else {
            Issue.record("not failed")
            return
        }
        #expect(failure.reason.count < 100)
    }

    @Test func readsOnAfterInterimAnswers() throws {
        #expect(try verdict(100) == .keepReading)
        #expect(try verdict(103) == .keepReading)
    }

    @Test func redirectsNeedALocation() throws {
        #expect(try verdict(301, ["Location": "wss://x/"]) == .redirect(location: "wss://x/"))
        #expect(try verdict(308, ["location": "/x"]) == .redirect(location: "/x"))
        for headers in [HTTPHeaders(), ["Location": ""]] {
            guard case .failed(let failure) = try verdict(302, headers) else {
                Issue.record("not failed")
                return
            }
            #expect(failure.reason == "server answered 302 Found without a Location" && failure.remedy == .person)
        }
    }

    @Test(
        "a 401 that asks for what we can't say names it",
        arguments: [
            ("Digest realm=\"a, b\", qop=\"auth\"", "it asks for Digest, but only Basic and Bearer can be given"),
            ("Negotiate, NTLM", "it asks for Negotiate or NTLM, but only Basic and Bearer can be given"),
            ("Negotiate, Basic realm=\"x\"", "look at the token or password"),
            ("ApiKey", "look at the token or password"), ("", "look at the token or password"),
        ]
    )
    func namesTheScheme(challenge: String, advice: String) throws {
        let request = try HandshakeRequest(
            url: WebSocketURL("ws://h/"),
            key: HandshakeKey(text: "dGhlIHNhbXBsZSBub25jZQ=="),
            subprotocols: [],
            headers: [("authorization", "ApiKey abc")]
        )
        let headers = HTTPHeaders(
            challenge.split(separator: ", N").enumerated().map {
                ("WWW-Authenticate", ($0 == 0 ? "" : "N") + $1)
            }
        )
        let head = ResponseHead(status: 401, headers: headers)
        guard case .failed(let failure) = HandshakeVerdict(head, to: request, wallClock: 0) else {
            Issue.record("not failed")
            return
        }
        #expect(failure.reason == "server answered 401 Unauthorized; \(advice)")
        #expect(failure.remedy == .credentials && failure.refusesCredentials)
    }
}
