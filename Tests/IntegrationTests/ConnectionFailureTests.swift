import Foundation
import TestSupport
import Testing

/// What goes wrong on the way to a server: the right state and reason, and everything else keeps running.
struct ConnectionFailureTests {
    /// A site whose connection `cloud` fails, with a healthy connection `fine` beside it.
    private func withFailingSite(
        _ script: TestWebSocketServer.Script = .init(),
        url: @escaping (Site.Parts) -> String = { $0.server.url },
        further: @escaping (Site.Parts) -> String = { _ in "" },
        _ body: (Site) async throws -> Void
    ) async throws {
        try await withWebSocketServer { healthy in
            try await withSite(
                script,
                yaml: { parts in
                    """
                    instance: test
                    connections:
                      cloud:
                        url: \(url(parts))
                        connect_timeout: 1s
                        reconnect: { initial_delay: 50ms, max_delay: 200ms }
                    \(further(parts).indented(4))
                      fine:
                        url: \(healthy.url)
                    mqtt:
                      local: { url: "\(parts.broker.url)" }
                    routes:
                      out: { from: fine, to: { mqtt: local, topic: out, qos: 1 } }
                    """
                }
            ) { site in
                try await body(site)
                try await site.event("established", of: "fine")
                try await healthy.send("everything else keeps running")
                _ = try await site.mqtt.message(on: "out")
                #expect(site.gateway.process.isRunning)
            }
        }
    }

    @Test func nobodyListens() async throws {
        let port = freePort()
        try await withFailingSite(url: { _ in "ws://127.0.0.1:\(port)" }) { site in
            let status = try await site.connectionStatus("backoff") { $0.state == "backoff" && $0.attempts >= 2 }
            #expect(status.reason?.lowercased().contains("refused") == true)
            _ = try await site.gateway.log.line("a plain line") { $0.contains("cloud") && $0.contains("refused") }
        }
    }

    @Test func unknownHost() async throws {
        try await withFailingSite(url: { _ in "ws://no-such-host.invalid" }) { site in
            let status = try await site.connectionStatus("backoff") { $0.state == "backoff" }
            #expect(status.reason?.contains("no-such-host.invalid") == true)
        }
    }

    @Test(arguments: [400, 404, 410])
    func clientErrorsAreFaults(status: Int) async throws {
        try await withFailingSite(.init(.refuse(status: status))) { site in
            let published = try await site.connectionStatus("fault") { $0.state == "fault" }
            #expect(published.reason?.contains("\(status)") == true)
        }
    }

    @Test(arguments: [408, 425, 429, 500, 502, 503])
    func passingErrorsAreTriedAgain(status: Int) async throws {
        try await withFailingSite(.init(.refuse(status: status))) { site in
            let published = try await site.connectionStatus("backoff") { $0.state == "backoff" }
            #expect(published.reason?.contains("\(status)") == true)
            site.server.script = .init()
            try await site.event("established")
        }
    }

    @Test(arguments: [401, 403])
    func refusedCredentialsAreAFaultTheSecondTime(status: Int) async throws {
        try await withFailingSite(.init(.refuse(status: status))) { site in
            let published = try await site.connectionStatus("fault") { $0.state == "fault" }
            #expect(published.reason?.contains("\(status)") == true)
            #expect(site.server.acceptedCount == 2)
        }
    }

    @Test func aRedirectThatIsNotFollowedIsAFault() async throws {
        try await withFailingSite(.init(.refuse(status: 302, headers: [("Location", "ws://127.0.0.1:1/else")]))) {
            site in
            let status = try await site.connectionStatus("fault") { $0.state == "fault" }
            #expect(status.reason?.contains("302") == true || status.reason?.contains("redirect") == true)
        }
    }

    @Test func aSubprotocolThatWasNotOfferedIsAFault() async throws {
        try await withFailingSite(.init(.accept(headers: [("Sec-WebSocket-Protocol", "other")]))) { site in
            let status = try await site.connectionStatus("fault") { $0.state == "fault" }
            #expect(status.reason?.contains("other") == true)
        }
    }

    @Test func aServerThatClosesAtOnce() async throws {
        try await withFailingSite(.init(.closeTCP)) { site in
            try await site.connectionStatus("backoff") { $0.state == "backoff" && $0.attempts >= 2 }
        }
    }

    @Test func aServerThatNeverAnswers() async throws {
        try await withFailingSite(.init(.silent)) { site in
            let status = try await site.connectionStatus("backoff") { $0.state == "backoff" }
            #expect(status.reason?.contains("no answer") == true)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}\u{3}\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    ])
    func aServerThatTalksNoWebSocket(answer: String) async throws {
        try await withFailingSite(.init(.raw(Array(answer.utf8), closes: true))) { site in
            let status = try await site.connectionStatus("backoff") { $0.state == "backoff" }
            #expect(status.reason?.isEmpty == false)
        }
    }

    @Test func retryAfterIsHonoured() async throws {
        try await withFailingSite(.init(.refuse(status: 503, headers: [("Retry-After", "1800")]))) { site in
            let status = try await site.connectionStatus("backoff") { $0.state == "backoff" && $0.next_attempt != nil }
            let parse = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            let next = try parse.parse(try #require(status.next_attempt))
            #expect(next.timeIntervalSinceNow > 1_700)
            #expect(next.timeIntervalSinceNow < 1_900)
        }
    }

    @Test(
        "a certificate of an unknown authority, for another name, or out of date is a fault that says why",
        arguments: [
            "authority", "name", "date",
        ]
    )
    func wrongCertificates(what: String) async throws {
        try await withTemporaryDirectory { certificates in
            let trusted = try await TestAuthority(in: certificates, name: "Trusted")
            let other = try await TestAuthority(in: certificates, name: "Other")
            let certificate = try await (what == "authority" ? other : trusted).issue(
                "server",
                names: what == "name" ? ["DNS:elsewhere.example"] : ["IP:127.0.0.1"],
                expired: what == "date"
            )
            try await withWebSocketServer { behind in
                try await withTLSRelay(to: behind.port, certificate: certificate) { relay in
                    try await withFailingSite(
                        url: { _ in "wss://127.0.0.1:\(relay.port)" },
                        further: { _ in "tls: { ca_file: \"\(trusted.certificate.certificateFile)\" }" }
                    ) { site in
                        let status = try await site.connectionStatus("fault") { $0.state == "fault" }
                        let reason = try #require(status.reason).lowercased()
                        switch what {
                        case "authority": #expect(reason.contains("issuer") || reason.contains("authority"))
                        case "name": #expect(reason.contains("127.0.0.1"))
                        default: #expect(reason.contains("expired"))
                        }
                        #expect(behind.establishedCount == 0)
                    }
                }
            }
        }
    }

    @Test func aGoodCertificateIsEnough() async throws {
        try await withTemporaryDirectory { certificates in
            let authority = try await TestAuthority(in: certificates)
            let certificate = try await authority.issue("server")
            let client = try await authority.issue("client", names: [])
            try await withWebSocketServer { behind in
                try await withTLSRelay(
                    to: behind.port,
                    certificate: certificate,
                    clientAuthority: authority.certificate
                ) { relay in
                    try await withSite(yaml: { parts in
                        """
                        instance: test
                        connections:
                          cloud:
                            url: wss://localhost:\(relay.port)/feed
                            tls:
                              ca_file: \(authority.certificate.certificateFile)
                              cert_file: \(client.certificateFile)
                              key_file: \(client.keyFile)
                        mqtt:
                          local: { url: "\(parts.broker.url)" }
                        routes:
                          out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }
                        """
                    }) { site in
                        try await site.event("established")
                        try await behind.send("through TLS")
                        #expect(try await site.mqtt.message(on: "out").text == "through TLS")
                    }
                }
            }
        }
    }

    @Test func aBrokerThatIsAwayNeverKeepsTheGatewayFromStarting() async throws {
        try await withUDPReceiver { receiver in
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    try await withGateway(
                        """
                        instance: test
                        connections:
                          cloud: { url: "\(server.url)" }
                        mqtt:
                          local: { url: "mqtt://127.0.0.1:\(freePort())" }
                        routes:
                          out: { from: cloud, to: { udp: "127.0.0.1:\(receiver.port)" } }
                        """,
                        in: directory
                    ) { gateway in
                        try await server.waitForEstablished()
                        try await server.send("the broker is away")
                        try await receiver.waitForDatagrams(1)
                        try await gateway.status("the broker's state") { $0.brokers["local"]?.state == "backoff" }
                        try await gateway.stop()
                    }
                }
            }
        }
    }
}
