import Foundation
import TestSupport
import Testing

/// Tokens that are fetched, refused and run out, with the real gateway between real servers.
struct CredentialTests {
    private static let quick = "reconnect: { initial_delay: 50ms, max_delay: 200ms }"

    private func yaml(_ parts: Site.Parts, _ credentials: String, routes: String = "") -> String {
        """
        instance: test
        connections:
          cloud:
            url: \(parts.server.url)/feed
            \(Self.quick)
        \(credentials.indented(4))
        mqtt:
          local: { url: "\(parts.broker.url)" }
        \(routes)

        """
    }

    private func oauth(_ tokens: TestTokenServer) -> String {
        "oauth2: { token_url: \"http://127.0.0.1:\(tokens.port)/token\", client_id: gateway, client_secret: s3cret-s3cret }"
    }

    /// What the server was sent as `Authorization`, connection by connection.
    private func authorizations(_ site: Site) -> [String?] { site.server.clients.map { $0.header("Authorization") } }

    @Test func aRefusedTokenIsReplacedAtOnce() async throws {
        try await withTokenServer(answering: { number, _ in .token("t\(number)", expiresIn: 3600) }) { tokens in
            let script = TestWebSocketServer.Script(.authorize { $0 == "Bearer t2" ? 101 : 401 })
            try await withSite(script, yaml: { yaml($0, oauth(tokens)) }) { site in
                try await site.event("established")
                #expect(authorizations(site) == ["Bearer t1", "Bearer t2"])
                #expect(!site.states().contains("backoff") && !site.states().contains("fault"))
                #expect(try site.events().map(\.name) == ["connected", "disconnected", "connected", "established"])
                try await site.gateway.stop()
            }
        }
    }

    @Test("S14: refused twice is a fault, and nobody is hammered") func refusedTwice() async throws {
        try await withTokenServer(answering: { number, _ in .token("t\(number)", expiresIn: 3600) }) { tokens in
            try await withSite(.init(.authorize { _ in 403 }), yaml: { yaml($0, oauth(tokens)) }) { site in
                let status = try await site.connectionStatus("a fault") { $0.state == "fault" }
                #expect(
                    status.reason?.hasPrefix("server answered 403 Forbidden; look at the token or password") == true
                )
                #expect(status.attempts == 2)
                #expect(site.server.acceptedCount == 2 && tokens.requestCount == 2)
                // A command tries again, once.
                try await site.command("connect")
                try await eventually("a third attempt") { site.server.acceptedCount == 3 }
                try await site.connectionStatus("a fault again") { $0.state == "fault" && $0.attempts == 3 }
                #expect(site.server.acceptedCount == 3)
                try await site.gateway.stop()
            }
        }
    }

    @Test func whatTheTokenEndpointSaysIsTheReason() async throws {
        let answers = { @Sendable (number: Int, _: TestTokenServer.Request) -> TestTokenServer.Answer in
            number == 1 ? .status(503, body: "down") : .error(401, "invalid_client", "no such client")
        }
        try await withTokenServer(answering: answers) { tokens in
            try await withSite(yaml: { yaml($0, oauth(tokens)) }) { site in
                let status = try await site.connectionStatus("a fault") { $0.state == "fault" }
                #expect(
                    status.reason
                        == "the token endpoint http://127.0.0.1:\(tokens.port)/token answered 401: invalid_client, "
                        + "client_id or client_secret is wrong, or auth_style (no such client)"
                )
                #expect(site.states().contains("backoff"), "the first one may have passed")
                #expect(site.server.acceptedCount == 0 && tokens.requestCount == 2)
                #expect(try site.events().isEmpty, "there was no TCP connection")
                try await site.gateway.stop()
            }
        }
    }

    @Test func makeBeforeBreakLosesAndDoublesNothingUnderAStreamBothWays() async throws {
        // Each token is replaced after a second, long before it ends: several renewals under the stream.
        try await withTokenServer(answering: { number, _ in .token("t\(number)", expiresIn: 6) }) { tokens in
            let routes = """
                routes:
                  in: { from: { mqtt: local, topic: feed/send, qos: 1 }, to: cloud }
                  out: { from: cloud, to: { mqtt: local, topic: feed/echo, qos: 1 } }
                """
            let credentials = oauth(tokens) + "\nrenew_before: 5s"
            try await withSite(.init(echoes: true), yaml: { yaml($0, credentials, routes: routes) }) { site in
                try await site.event("established")
                var sent: [String] = []
                while try site.events().filter({ $0.isRenewed }).count < 3 {
                    let batch = (0..<50).map { "message \(sent.count + $0)" }
                    try await site.mqtt.publish(batch.map { ("feed/send", Array($0.utf8)) })
                    sent += batch
                    // No more than a few batches are on their way.
                    try await eventually("most echoes") { site.count(on: "feed/echo") >= sent.count - 200 }
                }
                try await eventually("the last echoes") { site.count(on: "feed/echo") >= sent.count }
                let stats = try await site.stopAndTakeStats()

                let echoes = site.mqtt.messages.filter { $0.topic == "feed/echo" }.map(\.text)
                #expect(site.server.messageCount == sent.count)
                #expect(Set(site.server.texts) == Set(sent))
                #expect(echoes.count == sent.count)
                #expect(Set(echoes) == Set(sent))
                #expect(try stats.sink("in").delivered == sent.count && stats.sink("out").delivered == sent.count)
                #expect(site.server.violations == [])
                for (index, client) in site.server.clients.enumerated() {
                    #expect(client.header("Authorization") == "Bearer t\(index + 1)")
                    let own = site.server.messages.filter { $0.client == index }.map(\.text)
                    #expect(own == sent.filter(Set(own).contains), "in order on each connection")
                }
                #expect(site.server.clients.dropLast().allSatisfy { $0.closeCode == 1000 })

                let events = try site.events()
                #expect(events.map(\.name).filter { $0 == "connected" }.count == 1, "one connection, all the time")
                #expect(events.dropLast().allSatisfy { $0.name != "disconnected" })
                #expect(events.map(\.sequence) == Array(1...events.count))
                let renewal = try #require(events.first { $0.isRenewed })
                #expect(renewal.name == "established")
                #expect(renewal.reason?.hasPrefix("renewed the connection: token expires at 20") == true)
                #expect(site.states().filter { $0 == "established" }.count == 1)
                #expect(stats.connections["cloud"]?.reconnects == 0)
                #expect((stats.connections["cloud"]?.renewals ?? 0) >= 3)
            }
        }
    }

    @Test func aRenewalThatFailsLeavesThePresentConnectionInPlace() async throws {
        let answers = { @Sendable (number: Int, _: TestTokenServer.Request) -> TestTokenServer.Answer in
            number == 2 ? .status(500) : .token("t\(number)", expiresIn: 6)
        }
        try await withTokenServer(answering: answers) { tokens in
            try await withSite(yaml: { yaml($0, oauth(tokens) + "\nrenew_before: 5s") }) { site in
                try await eventually("a renewal") { try site.events().contains { $0.isRenewed } }
                #expect(site.gateway.log.text.contains("the connection can't be renewed yet: the token endpoint"))
                #expect(Array(authorizations(site).prefix(2)) == ["Bearer t1", "Bearer t3"])
                #expect(try site.events().allSatisfy { $0.name != "disconnected" })
                try await site.gateway.stop()
            }
        }
    }

    @Test("S7: no new secret appears in any output") func canaries() async throws {
        try await withTokenServer(answering: { number, _ in
            number == 1 ? .token("canary-oauth-token", expiresIn: 3600) : .error(400, "x", "canary/oauth client!")
        }) { tokens in
            try await withSite(
                yaml: { parts in
                    let command = parts.path("get-token")
                    try "#!/bin/sh\necho canary-command-token\necho canary-command-token >&2\n"
                        .write(toFile: command, atomically: true, encoding: .utf8)
                    chmod(command, 0o700)
                    let failing = parts.path("fail")
                    try "#!/bin/sh\necho canary-part\necho no canary-part >&2\nexit 4\n"
                        .write(toFile: failing, atomically: true, encoding: .utf8)
                    chmod(failing, 0o700)
                    let loud = "extended_logging: true, log_comms: true, \(Self.quick)"
                    return """
                        log: { level: trace }
                        instance: test
                        connections:
                          oauth: { url: "\(parts.server.url)/oauth", \(loud), oauth2: { client_id: x,
                            token_url: "http://127.0.0.1:\(tokens.port)/t?k=canary-query", client_secret: "canary/oauth client!" } }
                          command: { url: "\(parts.server.url)/command", \(loud), bearer_token: { command: [ "\(command)" ] } }
                          failing: { url: "\(parts.server.url)/failing", \(loud), bearer_token: { command: [ "\(failing)" ] } }
                          basic: { url: "\(parts.server.url)/basic", \(loud), cookies: { session: canary-cookie },
                            basic_auth: { username: anna, password: 'canary "quoted" \\ /' } }
                        mqtt:
                          local: { url: "\(parts.broker.url)" }

                        """
                }
            ) { site in
                try await site.server.waitForEstablished(3)
                for client in site.server.clients {
                    let authorization = try #require(client.header("Authorization"))
                    // What the server was sent it says back: as it is, and as JSON and a URL would have it.
                    var texts = ["you are \(authorization)"]
                    if client.target == "/basic" {
                        texts += [
                            #"{"cookie":"session=canary-cookie"}"#, #"{"password":"canary \"quoted\" \\ \/"}"#,
                            "canary%20%22quoted%22%20%5C%20%2F",
                        ]
                    } else if client.target == "/oauth" {
                        texts += [#"{"secret":"canary\/oauth client!"}"#, "canary%2Foauth+client%21"]
                    }
                    for text in texts { try await client.send([.text(text)]) }
                    try await client.send([.close(code: 4401, reason: "no \(authorization.suffix(90))")])
                }
                try await site.gateway.status("they arrived") {
                    $0.connections.values.reduce(0) { $0 + $1.received } >= 8
                }
                try await site.connectionStatus("the secret's refusal", of: "oauth") { $0.state == "fault" }
                try await site.connectionStatus("the failing command", of: "failing") {
                    $0.reason?.contains("exit code 4: no ***") == true
                }
                let status = try await site.gateway.command("status", "--json")
                let arguments = try String(
                    contentsOfFile: "/proc/\(site.gateway.process.processID)/cmdline",
                    encoding: .utf8
                )
                try await site.gateway.stop()
                let topics = site.mqtt.messages.map { "\($0.topic) \($0.text)" }.joined(separator: "\n")
                // Base64 of "canary" at each of its places in a group of three, as far as it is the same.
                let canaries = ["canary-", "canary/", "canary ", "canary%", "Y2FuYXJ5", "NhbmFye", "jYW5hcn"]
                for (place, text) in [
                    ("the log", site.gateway.log.text), ("topics", topics), ("status", status.output),
                    ("the command line", arguments), ("standard output", site.gateway.process.output.text),
                ] {
                    let leaks = text.split(separator: "\n").filter { line in canaries.contains { line.contains($0) } }
                    #expect(leaks == [], "in \(place)")
                }
            }
        }
    }
}
