import NIOCore
import TestSupport
import Testing

@testable import WSClient

struct ProxyNegotiationTests {
    private let url = "wss://stream.example.com:8443/feed"

    /// Says `bytes` to a negotiation in pieces of `size`, and gives the last step that was more than waiting.
    private func answer(_ negotiation: inout any ProxyNegotiation, _ bytes: [UInt8], in size: Int)
        -> ProxyNegotiationStep
    {
        var last = ProxyNegotiationStep.keepReading
        var rest = bytes[...]
        while !rest.isEmpty {
            var buffer = ByteBuffer(bytes: rest.prefix(size))
            rest = rest.dropFirst(size)
            let step = negotiation.received(&buffer)
            if step != .keepReading { last = step }
        }
        return last
    }

    private func connect(_ answer: String, proxy: String = "http://10.0.0.1:3128") throws -> ProxyNegotiationStep {
        var steps: [ProxyNegotiationStep] = []
        for size in [1, 7, 100_000] {
            var negotiation = try WebSocketProxy(proxy).negotiation(for: try WebSocketURL(url))
            steps.append(self.answer(&negotiation, Array(answer.utf8), in: size))
        }
        #expect(steps.dropFirst().allSatisfy { $0 == steps[0] }, "whatever the pieces it comes in")
        return steps[0]
    }

    @Test("RFC 6874, 4: a proxy is told no zone of this machine")
    func zonesStayHere() throws {
        let url = try WebSocketURL("ws://[fe80::1%25eth0]:8080/feed")
        let connect = try WebSocketProxy("http://10.0.0.1:3128").negotiation(for: url)
        #expect(String(buffer: connect.greeting) == "CONNECT [fe80::1]:8080 HTTP/1.1\r\nHost: [fe80::1]:8080\r\n\r\n")
    }

    @Test func connectAsksForHostAndPort() throws {
        let plain = try WebSocketProxy("http://10.0.0.1:3128").negotiation(for: try WebSocketURL(url))
        #expect(
            String(buffer: plain.greeting)
                == "CONNECT stream.example.com:8443 HTTP/1.1\r\nHost: stream.example.com:8443\r\n\r\n"
        )
        let six = try WebSocketProxy("http://u:p@10.0.0.1").negotiation(for: try WebSocketURL("ws://[::1]/"))
        #expect(
            String(buffer: six.greeting)
                == "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
        )
    }

    @Test func anOpenTunnel() throws {
        #expect(try connect("HTTP/1.1 200 Connection established\r\n\r\n") == .open)
        #expect(try connect("HTTP/1.0 200 OK\r\nVia: x\r\n\r\n") == .open)
        #expect(try connect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n") == .open)
        #expect(try connect("HTTP/1.1 200 OK\r\n") == .keepReading)
    }

    @Test(
        arguments: [
            (
                "407 Whatever", ConnectionFailure.Remedy.person,
                "407 Proxy Authentication Required (no username is configured)"
            ),
            ("403 x", .person, "403 Forbidden"), ("502 x", .waiting, "502 Bad Gateway"),
            ("504 x", .waiting, "504 Gateway Timeout"), ("429 x", .waiting, "429 Too Many Requests"),
            ("302 x", .person, "302 Found"),
        ]
    )
    func aRefusal(line: String, remedy: ConnectionFailure.Remedy, words: String) throws {
        let reason = "proxy 10.0.0.1:3128 refused CONNECT to stream.example.com:8443: \(words)"
        #expect(try connect("HTTP/1.1 \(line)\r\n\r\n") == .failed(.init(reason, remedy: remedy)))
    }

    @Test func aRefusalsTextIsPartOfIt() throws {
        let head = "HTTP/1.1 403 x\nContent-Type: application/json\n"
        for (body, wire) in [
            ("{\"rule\":7}", "Content-Length: 10\n\n{\"rule\":7}"),
            ("no", "Transfer-Encoding: chunked\n\n1\r\nn\r\n1\r\no\r\n0\r\n\r\n"),
        ] {
            guard case .failed(let failure) = try connect(head + wire) else {
                Issue.record("not refused")
                return
            }
            #expect(failure.said == Array(body.utf8))
        }
        var negotiation = try WebSocketProxy("http://p").negotiation(for: try WebSocketURL(url))
        #expect(answer(&negotiation, Array((head + "Content-Length: 10\n\nno").utf8), in: 100) == .keepReading)
        #expect(negotiation.knownFailure?.said == Array("no".utf8), "known should the time be over")
        // A page, and text without a length, are not waited for.
        #expect(try connect("HTTP/1.1 403 x\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n") != .keepReading)
        #expect(try connect("HTTP/1.1 403 x\r\nContent-Type: text/plain\r\n\r\n") != .keepReading)
    }

    @Test func aSchemeThatWeDoNotSpeakIsNamed() throws {
        let answer = "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n"
        guard case .failed(let failure) = try connect(answer, proxy: "http://u:p@10.0.0.1:3128") else {
            Issue.record("not refused")
            return
        }
        #expect(
            failure.reason.hasSuffix(
                "407 Proxy Authentication Required; it asks for Negotiate or NTLM, but only Basic can be given"
            )
        )
    }

    @Test func aProxyIsToldWhoWeAre() throws {
        let negotiation = try WebSocketProxy("http://p").negotiation(for: try WebSocketURL(url), userAgent: "x/1")
        #expect(String(buffer: negotiation.greeting).hasSuffix("\r\nUser-Agent: x/1\r\n\r\n"))
    }

    @Test func aRefusalWithRetryAfterIsHonoured() throws {
        guard case .failed(let failure) = try connect("HTTP/1.1 503 x\r\nRetry-After: 90\r\n\r\n") else {
            Issue.record("not refused")
            return
        }
        #expect(failure.retryAfter == .seconds(90))
    }

    @Test("S3: a proxy's answer is bounded, and nothing unasked is taken for the server's")
    func hostileAnswers() throws {
        let endless = "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 4000)
        #expect(try connect(endless) == .failed(.init("proxy 10.0.0.1:3128 sent more than 16384 bytes of headers")))
        #expect(try connect("SSH-2.0-x\r\n") == .failed(.init("proxy 10.0.0.1:3128 doesn't speak HTTP")))
        let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 6)
        #expect(
            try connect(interim) == .failed(.init("proxy 10.0.0.1:3128 sends one interim answer (1xx) after another"))
        )
        var negotiation = try WebSocketProxy("http://p").negotiation(for: try WebSocketURL(url))
        let eager = Array("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching".utf8)
        #expect(
            answer(&negotiation, eager, in: eager.count)
                == .failed(.init("proxy p:80 sent more than its answer to CONNECT"))
        )
    }

    // MARK: SOCKS5

    private func socks(_ proxy: String, to url: String = "ws://feed.example/") throws -> any ProxyNegotiation {
        try WebSocketProxy(proxy).negotiation(for: try WebSocketURL(url))
    }

    @Test("RFC 1928: the proxy looks the name up", arguments: [1, 64])
    func theProxyLooksTheNameUp(size: Int) throws {
        var negotiation = try socks("socks5://p")
        #expect(Array(negotiation.greeting.readableBytesView) == [5, 1, 0])
        let request = [5, 1, 0, 3, 12] + Array("feed.example".utf8) + [0, 80]
        #expect(answer(&negotiation, [5, 0], in: size) == .send(ByteBuffer(bytes: request)))
        #expect(answer(&negotiation, [5, 0, 0, 1, 0, 0, 0, 0, 0, 0], in: size) == .open)
    }

    @Test func addressesGoAsAddresses() throws {
        var four = try socks("socks5://p", to: "wss://192.0.2.1/")
        #expect(answer(&four, [5, 0], in: 2) == .send(ByteBuffer(bytes: [5, 1, 0, 1, 192, 0, 2, 1, 1, 187])))
        var six = try socks("socks5://p", to: "ws://[2001:db8::1]:258/")
        let bytes: [UInt8] = [5, 1, 0, 4, 0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2]
        #expect(answer(&six, [5, 0], in: 2) == .send(ByteBuffer(bytes: bytes)))
        #expect(answer(&six, [5, 0, 0, 4] + [UInt8](repeating: 0, count: 18), in: 5) == .open)
    }

    @Test("RFC 1929: user name and password")
    func logsIn() throws {
        var negotiation = try socks("socks5://anna:pw@p")
        #expect(Array(negotiation.greeting.readableBytesView) == [5, 2, 0, 2])
        #expect(
            answer(&negotiation, [5, 2], in: 1)
                == .send(ByteBuffer(bytes: [1, 4] + Array("anna".utf8) + [2] + Array("pw".utf8)))
        )
        guard case .send = answer(&negotiation, [1, 0], in: 2) else {
            Issue.record("no request")
            return
        }
        #expect(answer(&negotiation, [5, 0, 0, 3, 2, 65, 66, 0, 80], in: 3) == .open)
    }

    @Test func whatALogInCanMeet() throws {
        var refused = try socks("socks5://anna:pw@p")
        _ = answer(&refused, [5, 2], in: 2)
        #expect(
            answer(&refused, [1, 1], in: 2)
                == .failed(.init("proxy p:1080 refused the username and password", remedy: .person))
        )
        var none = try socks("socks5://p")
        #expect(
            answer(&none, [5, 0xFF], in: 2)
                == .failed(
                    .init(
                        "proxy p:1080 doesn't let us log in: it may want a username and a password",
                        remedy: .person
                    )
                )
        )
        var unasked = try socks("socks5://p")
        #expect(
            answer(&unasked, [5, 2], in: 2)
                == .failed(.init("proxy p:1080 chose a way to log in that was not offered", remedy: .person))
        )
        var other = try socks("socks5://p")
        #expect(answer(&other, Array("HTTP".utf8), in: 4) == .failed(.init("proxy p:1080 doesn't speak SOCKS5")))
    }

    @Test(
        "RFC 1928 6: each reply code in words",
        arguments: [
            (1, "general failure", ConnectionFailure.Remedy.waiting), (2, "not allowed by its rules", .person),
            (3, "network unreachable", .waiting), (4, "host unreachable", .waiting),
            (5, "connection refused", .waiting),
            (6, "time to live expired", .waiting), (7, "it doesn't know CONNECT", .person),
            (8, "it doesn't know this kind of address", .person), (9, "code 9", .waiting),
        ]
    )
    func replyCodes(code: UInt8, words: String, remedy: ConnectionFailure.Remedy) throws {
        var negotiation = try socks("socks5://p")
        _ = answer(&negotiation, [5, 0], in: 2)
        #expect(
            answer(&negotiation, [5, code, 0, 1, 0, 0, 0, 0, 0, 0], in: 10)
                == .failed(.init("proxy p:1080 can't connect to feed.example:80: \(words)", remedy: remedy))
        )
    }

    @Test("S3: whatever a proxy says, a negotiation ends or waits")
    func randomAnswers() throws {
        for seed in 0..<2000 {
            var generator = SeededGenerator(seed: UInt64(seed))
            var negotiation = try seed % 2 == 0 ? socks("socks5://u:p@p") : socks("http://p")
            for _ in 0..<6 {
                let count = Int.random(in: 1...40, using: &generator)
                var buffer = ByteBuffer(
                    bytes: (0..<count).map { _ in
                        Bool.random(using: &generator)
                            ? UInt8.random(in: 0...5, using: &generator) : .random(in: 0...255, using: &generator)
                    }
                )
                let before = buffer.readableBytes
                let step = negotiation.received(&buffer)
                #expect(buffer.readableBytes < before || step != .keepReading)
                if case .failed = step { break }
                if step == .open { break }
            }
        }
    }
}
