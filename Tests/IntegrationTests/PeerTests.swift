import Foundation
import NIOCore
import TestSupport
import Testing

/// What peers do that the standard allows, or that people meet, with the real gateway: it lives with it, or says in words
/// what it is about.
struct PeerTests {
    private static let upgrade = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n"

    // MARK: Pongs

    @Test("any pong is a sign of life", arguments: ["", "something else"])
    func anyPong(payload: String) async throws {
        var script = TestWebSocketServer.Script()
        script.pongPayload = Array(payload.utf8)
        let keys = "keep_alive: { interval: 100ms, timeout: 3s }"
        try await withEstablishedSite(script, connection: keys) { site in
            let start = ContinuousClock.now
            try await eventually("pings for longer than a pong may take") {
                ContinuousClock.now - start > .milliseconds(3500) && site.server.clients[0].pingCount >= 5
            }
            #expect(try site.events().map(\.name) == ["connected", "established"])
            try await site.gateway.stop()
        }
    }

    @Test(
        "a connection that a full queue keeps from being read pongs unasked, and says so if the server leaves",
        arguments: [true, false]
    )
    func aServerThatLeavesUnread(sendsKeepAlive: Bool) async throws {
        let keys = "keep_alive: { interval: 200ms, timeout: 10m }\nsend_keep_alive: \(sendsKeepAlive)"
        try await withEstablishedSite(connection: keys) { parts in
            """
            out:
              from: cloud
              to: { fifo: "\(parts.path("out.fifo"))", no_reader: block, framing: length }
              queue: { when_full: block, max_bytes: 64KiB }
            """
        } _: { site in
            #expect(site.server.pongs.isEmpty)
            try await site.server.send(
                [TestWebSocketServer.Sending](repeating: .binary(.init(repeating: 7, count: 1000)), count: 90)
            )
            try await eventually("pongs that nobody asked for") { site.server.pongs.count >= 3 }
            #expect(site.server.pongs.allSatisfy { $0.isEmpty })
            #expect((site.server.clients[0].pingCount > 0) == sendsKeepAlive)

            // The farewell waits behind what isn't read; that the server is gone shows at once.
            try await site.server.send([.close(code: 1011, reason: "keepalive ping timeout"), .endTCP])
            let advice = "when_full: drop_oldest"
            let left = try await site.connectionStatus("it left") { $0.reason?.contains("did not read") == true }
            #expect(left.reason?.contains(advice) == true && left.state == "established")
            _ = try await site.gateway.log.line("it left") { $0.contains("it left while we did not read") }
            try await withFIFOReader(site.gateway.directory.appendingPathComponent("out.fifo").path) { reader in
                try await eventually("all of it") { reader.byteCount == 90 * 1004 }
                let end = try await site.event("disconnected")
                let reason = try #require(end.reason)
                #expect(end.closeCode == 1011)
                #expect(reason.contains("\"keepalive ping timeout\"; it left while we did not read"))
                #expect(reason.contains(advice) && reason.contains("max_bytes") && reason.contains("store: spill"))
                let failures = try await site.gateway.status().connections["cloud"]?.failures ?? []
                #expect(failures.contains { $0.reason == reason })
            }
            try await site.gateway.stop()
        }
    }

    // MARK: The handshake

    @Test("RFC 9112 2.2, RFC 6455 4.1: lines with LF alone, a subprotocol header with nothing in it") func lenientHead()
        async throws
    {
        let answer =
            Self.upgrade + "Sec-WebSocket-Accept: ACCEPT\nSec-WebSocket-Protocol:\nSec-WebSocket-Extensions:\n\n"
        try await withGateway(before: [.answer(answer), .awaitEnd], keys: "subprotocols: [ feed.v1 ]") { gateway, _ in
            _ = try await gateway.log.line("established") { $0.contains("established") && $0.contains("cloud") }
        }
    }

    @Test func theServerIsToldWhoWeAreUnlessTheUserSaysOtherwise() async throws {
        for (keys, expected) in [
            ("headers: { X-Site: \"12\" }", nil), ("headers: { user-agent: mine/2 }", "mine/2"),
        ] {
            try await withEstablishedSite(connection: keys) { site in
                let version = try await site.gateway.status().version
                #expect(site.server.clients[0].header("User-Agent") == expected ?? "wsbridge/\(version)")
                try await site.gateway.stop()
            }
        }
    }

    // MARK: Refusals

    @Test(
        "a refusal's text or JSON is in the reason",
        arguments: [
            (
                "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n"
                    + #"{"error":"token expired"}"#,
                #"server answered 403 Forbidden; look at the token or password; it says "{"error":"token expired"}""#
            ),
            (
                "HTTP/1.1 403 Forbidden\nContent-Type: text/plain\nTransfer-Encoding: chunked\n\n"
                    + "5\r\nno su\r\n7;x=y\r\nch site\r\n0\r\n\r\n",
                #"server answered 403 Forbidden; look at the token or password; it says "no such site""#
            ),
            (
                "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 40\r\n\r\n"
                    + "canary-token \u{1B}[2J",
                #"server answered 503 Service Unavailable; it says "*** \u{1b}[2J""#
            ),
            (
                "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>",
                "server answered 403 Forbidden; look at the token or password"
            ),
            (
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Digest realm=\"a\"\r\n"
                    + "Content-Length: 0\r\n\r\n",
                "server answered 401 Unauthorized; it asks for Negotiate or Digest, but "
                    + "only Basic and Bearer can be given"
            ),
        ]
    )
    func refusals(answer: String, reason: String) async throws {
        // One whole, one byte by byte; the third never sends all that it announced.
        let whole: [HostileServer.Step] = [.answer(answer), .awaitEnd]
        let dripping: [HostileServer.Step] = [
            .readRequest, .drip(Array(answer.utf8), every: .milliseconds(1)), .awaitEnd,
        ]
        for steps in [whole, dripping] {
            try await withGateway(before: steps, keys: "bearer_token: canary-token\nconnect_timeout: 2s") {
                gateway,
                _ in
                let status = try await gateway.status("a refusal") { $0.connections["cloud"]?.reason != nil }
                #expect(status.connections["cloud"]?.reason == reason)
            }
        }
    }

    // MARK: Tokens

    @Test("a token that Home Assistant refuses is not offered until it bans us, and a new one is taken from its file")
    func homeAssistantIsNotBothered() async throws {
        let script = TestWebSocketServer.Script(onEstablished: [.text(#"{"type":"auth_required"}"#)]) { text in
            if text.contains("good-token") { return [.text(#"{"type":"auth_ok"}"#)] }
            return [.text(#"{"type":"auth_invalid","message":"Invalid access token or password"}"#)]
        }
        try await withSite(
            script,
            yaml: { parts in
                try "bad-token\n".write(toFile: parts.path("token"), atomically: true, encoding: .utf8)
                return parts.standard(
                    connection:
                        "session: { preset: home-assistant, access_token: { file: \(parts.path("token")) }, events: [] }"
                )
            }
        ) { site in
            // A person who tries again and again, and a button that does.
            for round in 1...3 {
                try await site.connectionStatus("fault \(round)") { $0.state == "fault" }
                try await eventually("refusal \(round)") { site.server.messageCount >= round }
                try await eventually("its end") {
                    try site.events().filter { $0.name == "disconnected" }.count >= round
                }
                if round < 3 { try await site.command("connect") }
            }
            for _ in 0..<5 { _ = try await site.gateway.command("connect", "cloud") }
            let status = try await site.gateway.status("it waits") {
                $0.connections["cloud"]?.reason?.contains("refused these credentials 3 times") == true
            }
            let reason = try #require(status.connections["cloud"]?.reason)
            #expect(status.connections["cloud"]?.state == "fault")
            #expect(reason.contains("looked at every 5 s") && !reason.contains("bad-token"))
            #expect(site.server.messageCount == 3, "no fourth time")
            try "good-token\n".write(
                toFile: site.gateway.directory.appendingPathComponent("token").path,
                atomically: true,
                encoding: .utf8
            )
            try await eventually("the new token") { site.server.texts.last?.contains("good-token") == true }
            #expect(site.server.messageCount == 4)
            try await site.gateway.status("it is well") { $0.connections["cloud"]?.session?.ready == true }
            try await site.gateway.stop()
        }
    }

    @Test func aLiteralTokenWaitsForACommandWithAnother() async throws {
        let script = TestWebSocketServer.Script(.authorize { $0 == "Bearer good" ? 101 : 401 })
        try await withSite(script, yaml: { $0.standard(connection: "bearer_token: bad-token") }) { site in
            for round in 1...3 {
                try await eventually("attempt \(round)") { site.server.acceptedCount >= round }
                try await site.gateway.status("its refusal") {
                    ["backoff", "fault"].contains($0.connections["cloud"]?.state)
                }
                if round < 3 { _ = try await site.gateway.command("connect", "cloud") }
            }
            try await site.connectionStatus("it waits") {
                $0.state == "fault" && $0.reason?.contains("connect with another token") == true
                    && $0.next_attempt == nil
            }
            for _ in 0..<3 { _ = try await site.gateway.command("connect", "cloud") }
            try await site.gateway.status("still") { $0.connections["cloud"]?.state == "fault" }
            #expect(site.server.acceptedCount == 3)
            try await site.command("connect", #"{"bearer_token":"good"}"#)
            try await site.event("established")
            try await site.gateway.stop()
        }
    }

    /// A gateway whose connection `cloud` goes to a server that plays these steps.
    private func withGateway(
        before steps: [HostileServer.Step],
        keys: String,
        _ body: (Gateway, HostileServer) async throws -> Void
    ) async throws {
        try await withHostileServers([steps]) { servers in
            try await withTemporaryDirectory { directory in
                let yaml = """
                    instance: test
                    connections:
                      cloud:
                        url: \(servers[0].url)/feed
                        reconnect: { initial_delay: 1m, max_delay: 1m }
                    \(keys.indented(4))
                    status: { mqtt: none }
                    routes: {}

                    """
                try await IntegrationTests.withGateway(yaml, in: directory) { gateway in
                    try await body(gateway, servers[0])
                    try await gateway.stop()
                }
            }
        }
    }
}
