import Foundation
import TestSupport
import Testing

/// Canaries in every place for a secret, looked for in every place of output.
struct SecrecyTests {
    @Test("S7: secrets appear in no log, topic, status, error or command line")
    func canariesStaySilent() async throws {
        try await withMosquittoBroker(users: ["watcher": "w", "gateway": "canary-mqtt-password"]) { broker in
            try await withMQTTClient(of: broker, user: "watcher", password: "w") { watcher in
                try await watcher.subscribe("#")
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let token = directory.appendingPathComponent("token").path
                        try "canary-token-file\n".write(toFile: token, atomically: true, encoding: .utf8)
                        chmod(token, 0o600)
                        let yaml = """
                            log: { level: trace }
                            instance: test
                            connections:
                              filed:
                                url: "ws://anna:canary-url-password@127.0.0.1:\(server.port)/a?key=canary-query"
                                headers: { X-Api-Key: canary-header, Cookie: "session=canary-cookie" }
                                on_established: [ '{"auth":"canary-header"}' ]
                                extended_logging: true
                                log_comms: true
                              cloud:
                                url: "ws://127.0.0.1:\(server.port)/b"
                                bearer_token: { file: "\(token)" }
                                on_established: [ 'my token is canary-token-file' ]
                                extended_logging: true
                                log_comms: true
                              gone:
                                url: "ws://127.0.0.1:\(freePort())/c?key=canary-query"
                                bearer_token: ${CANARY}
                                extended_logging: true
                            mqtt:
                              local:
                                url: \(broker.url)
                                username: gateway
                                password: canary-mqtt-password
                            """
                        try await withGateway(yaml, in: directory, environment: ["CANARY": "canary-environment"]) {
                            gateway in
                            try await server.waitForEstablished(2)
                            try await server.waitForMessages(2)
                            try await watcher.publish(
                                "\(Site.base)/cloud/command/connect",
                                #"{"bearer_token":"canary-command"}"#
                            )
                            try await server.waitForEstablished(2)
                            try await eventually("the new token") {
                                server.clients.contains { $0.header("Authorization") == "Bearer canary-command" }
                            }
                            // A server that says them back.
                            for (client, secrets) in [
                                ("/a?key=canary-query", "canary-header canary-cookie canary-url-password"),
                                ("/b", "canary-command canary-token-file"),
                            ] {
                                let client = try #require(
                                    server.clients.first { $0.target == client && $0.isEstablished }
                                )
                                try await client.send([.text(secrets)])
                            }
                            try await gateway.status("it arrived") {
                                $0.connections.values.reduce(0) { $0 + $1.received } == 2
                            }
                            let status = try await gateway.command("status")
                            let json = try await gateway.command("status", "--json")
                            let commandLine = try String(
                                contentsOfFile: "/proc/\(gateway.process.processID)/cmdline",
                                encoding: .utf8
                            )
                            try await gateway.stop()

                            let topics = watcher.messages.filter { !$0.topic.contains("/command/") }
                                .map { "\($0.topic) \($0.text)" }.joined(separator: "\n")
                            for (place, text) in [
                                ("the log", gateway.log.text), ("standard output", gateway.process.output.text),
                                ("status", status.output + status.errors), ("status --json", json.output),
                                ("topics", topics), ("the command line", commandLine),
                            ] {
                                #expect(!text.isEmpty || place == "standard output", "\(place)")
                                let leaks = text.split(separator: "\n").filter { $0.contains("canary-") }
                                #expect(leaks == [], "in \(place)")
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("S13: the control socket is open to its owner only")
    func theControlSocketIsPrivate() async throws {
        try await withEstablishedSite { site in
            let path = site.gateway.directory.appendingPathComponent("control.sock").path
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            try await site.gateway.stop()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("S10: hostile text makes one line in the log, and steers no terminal")
    func hostileTextStaysOneLine() async throws {
        let hostile = "line one\r\nFORGED cloud: all is well\u{1b}[2J\u{202e}\u{0}"
        try await withEstablishedSite(connection: "log_comms: true") { site in
            try await site.server.send(hostile)
            _ = try await site.gateway.log.line(containing: "line one")
            try await site.server.send(.close(code: 4000, reason: "bye\r\nFORGED again\u{1b}[31m"))
            try await site.event("established", number: 2)
            let text = site.gateway.log.text
            #expect(!site.gateway.log.lines.contains { $0.hasPrefix("FORGED") })
            for character in ["\u{1b}", "\u{202e}", "\u{0}", "\r"] { #expect(!text.contains(character)) }
        }
    }

    @Test("S9: a message from the gateway to a topic that it also reads doesn't come back")
    func ownMessagesDoNotComeBack() async throws {
        try await withEstablishedSite(routes: { _ in
            """
            out: { from: cloud, to: { mqtt: local, topic: 'both/out', qos: 1 } }
            in:  { from: { mqtt: local, topic: 'both/+', qos: 1 }, to: cloud }
            """
        }) { site in
            try await site.server.send("once")
            _ = try await site.mqtt.message(on: "both/out")
            try await site.mqtt.publish("both/end", "the end")
            try await site.server.waitForMessages(1)
            #expect(site.server.texts == ["the end"])
            #expect(site.mqtt.messages.count { $0.topic == "both/out" } == 1)
        }
    }
}
