import Foundation
import TestSupport
import Testing

/// What the spool keeps over kills, restarts and a broker's absence.
struct SpoolTests {
    @Test func whatWaitsForABrokerSurvivesARestart() async throws {
        try await withKeeper { parts in
            let yaml =
                "state_dir: \(parts.path("state"))\n" + parts.standard()
                + "routes: { out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 }, queue: { max_bytes: 20KiB } } }\n"
            let messages = (0..<2_000).map { "message \($0)" }
            await parts.broker.stop()
            try await withGateway(yaml, in: parts.directory) { gateway in
                try await parts.server.waitForEstablished()
                try await parts.server.send(messages[..<1_000].map { .text($0) })
                try await gateway.status("they wait") { $0.routes["out"]?.sinks[0].queued == 1_000 }
                try await gateway.stop()
                _ = try await gateway.log.line("what stays") {
                    $0.contains("1000 messages stay in the spool")
                }
            }
            try await withGateway(yaml, in: parts.directory) { gateway in
                try await gateway.status("they are restored") { status in
                    let sink = status.routes["out"]?.sinks[0]
                    return sink?.restored == 1_000 && sink?.queued == 1_000
                }.expectBalance()
                try await eventually("the new connection") {
                    parts.server.acceptedCount >= 2 && parts.server.clients.last?.isEstablished == true
                }
                try await parts.server.send(messages[1_000...].map { .text($0) })
                try await gateway.status("the new ones wait behind") {
                    $0.routes["out"]?.sinks[0].queued == 2_000
                }
                try await parts.broker.start()
                let status = try await gateway.status("all is delivered", within: .seconds(60)) {
                    $0.routes["out"]?.sinks[0].delivered == 2_000
                }
                status.expectBalance()
                try await parts.expectKept(messages)
                try await gateway.stop()
            }
        }
    }

    @Test func aRouteThatIsGoneLeavesItsMessagesToTheCommandLine() async throws {
        try await withWebSocketServer { server in
            try await withTemporaryDirectory { directory in
                func yaml(route: String) -> String {
                    """
                    instance: test
                    state_dir: \(directory.path)/state
                    connections: { cloud: { url: "\(server.url)" } }
                    mqtt: { local: { url: "mqtt://127.0.0.1:1" } }
                    status: { mqtt: none }
                    routes: { \(route): { from: cloud, to: { mqtt: local, topic: t, qos: 1 } } }

                    """
                }
                try await withGateway(yaml(route: "old"), in: directory) { gateway in
                    try await server.waitForEstablished()
                    try await server.send(["a", "b \"quoted\""].map { .text($0) })
                    try await gateway.status("they wait") { $0.routes["old"]?.sinks[0].queued == 2 }
                    let second = try await gateway.command("run")
                    #expect(second.status == .exited(78))
                    #expect(second.errors.contains("another wsbridge uses the state_dir"))
                    #expect(try await gateway.command("spool", "list").status == .exited(75))
                    try await gateway.stop()
                }
                try await withGateway(yaml(route: "new"), in: directory) { gateway in
                    _ = try await gateway.log.line("whose they are") {
                        $0.contains("2 messages in the spool belong to 'old -> mqtt:local'")
                    }
                    try await gateway.stop()
                    #expect(try await gateway.command("spool", "list").output.contains("old -> mqtt:local: 2 messages"))
                    let lines = try await gateway.command("spool", "export").output.split(separator: "\n")
                    struct Line: Decodable { var queue, kind, payload: String }
                    let exported = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
                    #expect(exported.map(\.payload) == ["a", "b \"quoted\""])
                    #expect(exported.allSatisfy { $0.queue == "old -> mqtt:local" && $0.kind == "text" })
                    #expect(try await gateway.command("spool", "drop", "older").status == .exited(64))
                    #expect(try await gateway.command("spool", "drop", "old -> mqtt:local").status == .exited(0))
                    #expect(try await gateway.command("spool", "list").output.contains("the spool is empty"))
                }
            }
        }
    }

    /// The age counts from the receipt, not from the start: over two restarts a message gets as old as this test knows,
    /// and its broker is there when it has become too old.
    @Test func whatIsOlderThanItsTimeExpiresOverARestart() async throws {
        try await withKeeper { parts in
            func yaml(ttl: String) -> String {
                "state_dir: \(parts.path("state"))\n" + parts.standard()
                    + "routes: { out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 }, "
                    + "queue: { store: always, ttl: \(ttl) } } }\n"
            }
            await parts.broker.stop()
            let received = try await withGateway(yaml(ttl: "none"), in: parts.directory) { gateway in
                try await parts.server.waitForEstablished()
                try await parts.server.send("old")
                try await gateway.status("it waits") { $0.routes["out"]?.sinks[0].queued == 1 }
                let received = ContinuousClock.now
                try await gateway.stop()
                return received
            }
            try await withGateway(yaml(ttl: "none"), in: parts.directory) { gateway in
                try await gateway.status("it still waits") { status in
                    let sink = status.routes["out"]?.sinks[0]
                    return sink?.restored == 1 && sink?.queued == 1
                }
                try await gateway.stop()
            }
            try await parts.broker.start()
            let age = ContinuousClock.now - received
            try await withGateway(yaml(ttl: "\(Int(age / .milliseconds(1)))ms"), in: parts.directory) { gateway in
                let status = try await gateway.status("it is gone") { $0.routes["out"]?.sinks[0].queued == 0 }
                status.expectBalance()
                let sink = try status.sink("out")
                #expect((sink.restored, sink.expired, sink.delivered) == (1, 1, 0), "\(gateway.log.tail())")
                try await gateway.stop()
            }
        }
    }
}
