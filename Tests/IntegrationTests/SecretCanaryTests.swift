import Foundation
import TestSupport
import Testing

/// S7 again, for what `SecrecyTests` leaves: servers that say secrets back, files that change, and messages of the
/// configuration that carry secrets.
struct SecretCanaryTests {
    @Test("S7: secrets that a server says back, or that a message carries, appear in no output")
    func secretsThatAreSaidBackStaySilent() async throws {
        try await withSite(environment: environment, yaml: yaml) { site in
            try await site.server.waitForEstablished(3)
            try await site.server.waitForMessages(1)
            #expect(site.server.texts == [#"{"op":"login","key":"canary-variable"}"#])
            let basic = try client("/basic?token=canary-query", of: site)
            #expect(basic.header("Authorization") == "Basic YW5uYTpjYW5hcnktdXNlci1wYXNzd29yZA==")
            let filed = try client("/filed", of: site)
            #expect(filed.header("Authorization") == "Bearer canary-token-before")

            // The token is renewed, and the server says the old one back, cut as close reasons are.
            try "canary-token-after\n".write(
                toFile: site.gateway.directory.appendingPathComponent("token").path,
                atomically: true,
                encoding: .utf8
            )
            try await filed.send([.close(code: 4001, reason: "canary-token-before is old; canary-token-be…")])
            try await site.event("established", of: "filed", number: 2)
            #expect(try client("/filed", of: site).header("Authorization") == "Bearer canary-token-after")
            for (target, secret) in [
                ("/basic?token=canary-query", "canary-query canary-user-password"), ("/filed", "canary-token-after"),
                ("/message", "canary-variable canary-cookie"),
            ] {
                try await client(target, of: site).send([.text("I know \(secret)")])
            }
            try await site.gateway.status("they arrived") {
                $0.connections.values.reduce(0) { $0 + $1.received } == 3
            }
            try await site.mqtt.publish("\(Site.base)/filed/command/send", "hello")
            try await site.server.waitForMessages(2)

            let outputs = try await outputs(of: site)
            for (place, text) in outputs {
                #expect(!text.isEmpty || place == "standard output", "\(place)")
                let leaks = text.split(separator: "\n").filter { $0.contains("canary-") || $0.contains("Y2FuYXJ5") }
                #expect(leaks == [], "in \(place)")
            }
        }
    }

    @Test("S7: what a redirect's query brings, and what a refusal says back, appears in no output")
    func redirectsAndRefusalsStaySilent() async throws {
        let redirect = ("Location", "/moved/canary-token?ticket=canary-t%69cket")
        let yaml = { (parts: Site.Parts) in
            parts.server.setNextScripts([.init(.refuse(status: 302, headers: [redirect]))])
            return parts.standard(
                connection: "bearer_token: canary-token\nfollow_redirects: 1\nextended_logging: true\nlog_comms: true"
            )
        }
        try await withSite(yaml: yaml) { site in
            try await site.event("established")
            #expect(site.server.clients.last?.target == "/moved/canary-token?ticket=canary-t%69cket")
            try await site.server.send("canary-ticket canary-t%69cket")
            try await site.gateway.status("it arrived") { $0.connections["cloud"]?.received == 1 }
            let status = try await site.gateway.command("status", "--json")
            #expect(!status.output.contains("canary"))
            let refusal = TestWebSocketServer.Script.init(
                .refuse(
                    status: 401,
                    headers: [("WWW-Authenticate", "Bearer error_description=\"canary-ticket, canary-token\"")],
                    body: "canary-ticket canary-token"
                )
            )
            site.server.script = refusal
            try await site.server.send([.close(code: 1000, reason: "canary-t%69cket")])
            try await site.connectionStatus("refused") { $0.reason?.contains("401") ?? false }
            for (place, text) in try await outputs(of: site) {
                #expect(text.split(separator: "\n").filter { $0.contains("canary") } == [], "in \(place)")
            }
        }
    }

    private let environment = ["FEED_API_KEY": "canary-variable"]

    private func yaml(_ parts: Site.Parts) throws -> String {
        let token = parts.path("token")
        try "canary-token-before\n".write(toFile: token, atomically: true, encoding: .utf8)
        chmod(token, 0o600)
        let port = parts.server.port
        let loud = "extended_logging: true, log_comms: true, reconnect: { initial_delay: 20ms, max_delay: 50ms }"
        return """
            log: { level: trace }
            instance: test
            connections:
              basic: { url: "ws://anna:canary-user-password@127.0.0.1:\(port)/basic?token=canary-query", \(loud) }
              filed: { url: "ws://127.0.0.1:\(port)/filed", bearer_token: { file: "\(token)" }, \(loud) }
              message:
                url: "ws://127.0.0.1:\(port)/message"
                headers: { Cookie: "session=canary-cookie; theme=dark" }
                on_established: [ '{"op":"login","key":"${FEED_API_KEY}"}' ]
                extended_logging: true
                log_comms: true
            mqtt:
              local: { url: "\(parts.broker.url)" }

            """
    }

    /// The newest connection to a target.
    private func client(_ target: String, of site: Site) throws -> TestWebSocketServer.Client {
        try #require(site.server.clients.last { $0.target == target && $0.isEstablished })
    }

    /// Everything that anyone can see.
    private func outputs(of site: Site) async throws -> [(place: String, text: String)] {
        let status = try await site.gateway.command("status")
        let json = try await site.gateway.command("status", "--json")
        let commandLine = try String(
            contentsOfFile: "/proc/\(site.gateway.process.processID)/cmdline",
            encoding: .utf8
        )
        try await site.gateway.stop()
        let topics = site.mqtt.messages.map { "\($0.topic) \($0.text)" }.joined(separator: "\n")
        return [
            ("the log", site.gateway.log.text), ("standard output", site.gateway.process.output.text),
            ("status", status.output + status.errors), ("status --json", json.output), ("topics", topics),
            ("the command line", commandLine),
        ]
    }
}
