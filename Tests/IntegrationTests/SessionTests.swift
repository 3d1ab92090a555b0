import Foundation
import TestSupport
import Testing

/// A session's script, with the real gateway.
struct SessionTests {
    private let steps = #"""
        session:
          variables: { token: "${FEED_TOKEN}" }
          steps:
            - send: '{"op":"login","token":"{token}"}'
              expect: { json: $.op, equals: welcome }
              fail_on: { json: $.op, equals: denied }
              capture: { sid: $.sid }
              timeout: 10m
            - send: '{"op":"subscribe","sid":"{sid}"}'
        """#

    private func withSessionSite(
        _ script: TestWebSocketServer.Script = .init(),
        connection: String,
        _ body: (Site) async throws -> Void
    ) async throws {
        try await withSite(script, environment: ["FEED_TOKEN": "canary-token"]) { parts in
            parts.standard(connection: connection + "\nlog_comms: true\nextended_logging: true") + """
                routes:
                  in: { from: cloud, to: { mqtt: local, topic: in, qos: 1 } }
                  out: { from: { mqtt: local, topic: out, qos: 1 }, to: cloud }

                """
        } _: { site in
            try await body(site)
        }
    }

    @Test func nothingGoesOutBeforeTheScriptIsThrough() async throws {
        try await withSessionSite(connection: steps) { site in
            try await site.event("established")
            try await site.server.waitForMessages(1)
            try await site.connectionStatus("the step that waits") {
                $0.state == "established" && $0.reason == "the session runs: session step 1 of 2"
            }
            try await site.mqtt.publish("out", "queued")
            try await site.gateway.status("it is queued") { $0.routes["out"]?.sinks.first?.queued == 1 }
            let refused = try await site.gateway.command("send", "cloud", "too early")
            #expect(refused.status == .exited(75))
            _ = try await site.gateway.log.line("the refusal") {
                $0.contains("a message was not sent") && $0.contains("session step 1 of 2")
            }
            // What isn't expected goes to the routes all the same.
            try await site.server.send("early data")
            #expect(try await site.mqtt.message(on: "in").text == "early data")

            try await site.server.send(#"{"op":"welcome","sid":"canary-sid"}"#)
            try await site.server.waitForMessages(3)
            #expect(
                site.server.texts == [
                    #"{"op":"login","token":"canary-token"}"#, #"{"op":"subscribe","sid":"canary-sid"}"#, "queued",
                ]
            )
            try await site.connectionStatus("no reason any more") { $0.state == "established" && $0.reason == nil }
            let stats = try await site.stopAndTakeStats()
            #expect(try stats.routed(from: "cloud") == stats.routes["in"]?.received)
            #expect(stats.connections["cloud"]?.received == 2 && stats.connections["cloud"]?.sent == 3)
        }
    }

    @Test("S7: what a session sends, captures and is refused with shows no secret in any output")
    func secretsOfASessionStaySilent() async throws {
        let script = TestWebSocketServer.Script { text in
            text.contains("login") ? [.text(#"{"op":"welcome","sid":"canary-sid"}"#)] : [.text("got \(text)")]
        }
        try await withSessionSite(script, connection: steps) { site in
            _ = try await site.mqtt.message(on: "in")
            try await site.server.send(.close(code: 4001, reason: "canary-sid has ended"))
            try await site.event("established", number: 2)
            let status = try await site.gateway.command("status", "--json")
            let topics = site.mqtt.messages.filter { $0.topic != "in" }.map(\.text).joined(separator: "\n")
            for (place, text) in [
                ("log", site.gateway.log.text), ("status", status.output + status.errors), ("topics", topics),
            ] {
                #expect(!text.isEmpty, "\(place)")
                let leaks = text.split(separator: "\n").filter { $0.contains("canary") }
                #expect(leaks == [], "in \(place)")
            }
            #expect(site.gateway.log.text.contains("(hidden)"))
        }
    }

    @Test func aRefusalIsAFaultAndATimeoutIsTriedAgain() async throws {
        let denied = TestWebSocketServer.Script { _ in [.text(#"{"op":"denied","why":"canary-token is old"}"#)] }
        try await withSessionSite(connection: steps.replacing("10m", with: "200ms")) { site in
            try await site.connectionStatus("backoff") {
                $0.state == "backoff"
                    && $0.reason
                        == "session step 1 of 2: no message that matches { json: $.op, equals: welcome } within 200 ms"
            }
            site.server.script = denied
            let fault = try await site.connectionStatus("fault") { $0.state == "fault" }
            #expect(fault.reason == #"session step 1 of 2: server refused: {"op":"denied","why":"*** is old"}"#)
            #expect(fault.close_code == 1008)
            _ = try await site.gateway.log.line("the fault") {
                $0.contains("server refused") && $0.contains("*** is old")
            }
        }
    }

    @Test func aRenewedConnectionRunsItsSessionBeforeItTakesOver() async throws {
        let script = TestWebSocketServer.Script { text in
            text == "login" ? [.text("welcome")] : [.text("echo \(text)")]
        }
        try await withTokenServer(answering: { number, _ in .token("t\(number)", expiresIn: 6) }) { tokens in
            let connection = """
                oauth2: { token_url: "http://127.0.0.1:\(tokens.port)/token", client_id: a, client_secret: s3cret-s3cret }
                renew_before: 5s
                session: [ { send: login, expect: { equals: welcome } } ]
                """
            try await withSite(script) { parts in
                parts.standard(connection: connection) + """
                    routes:
                      in: { from: cloud, to: { mqtt: local, topic: in, qos: 1 } }
                      out: { from: { mqtt: local, topic: out, qos: 1 }, to: cloud }

                    """
            } _: { site in
                try await site.event("established")
                var sent = 0
                while try site.events().filter({ $0.isRenewed }).count < 2 {
                    sent += 1
                    try await site.mqtt.publish("out", "message \(sent)")
                    try await eventually("its echo") { site.count(on: "in") >= sent }
                }
                let stats = try await site.stopAndTakeStats()
                #expect(try stats.routed(from: "cloud") == sent && stats.routes["in"]?.received == sent)
                #expect((stats.connections["cloud"]?.session?.consumed ?? 0) >= 3)
                for client in site.server.messages.map(\.client) {
                    let own = site.server.messages.filter { $0.client == client }.map(\.text)
                    #expect(own.first == "login" && own.count { $0 == "login" } == 1)
                }
            }
        }
    }
}
