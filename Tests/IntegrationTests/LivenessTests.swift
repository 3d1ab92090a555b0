import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// Dead connections that look alive, with the real gateway: each is found by its own watch.
struct LivenessTests {
    private func withConnection(
        _ keys: String,
        _ script: TestWebSocketServer.Script = .init(),
        _ body: (Site) async throws -> Void
    ) async throws {
        try await withEstablishedSite(
            script,
            connection: keys,
            routes: { _ in "in: { from: cloud, to: { mqtt: local, topic: in, qos: 1 } }" },
            body
        )
    }

    private let pongs = TestWebSocketServer.Script(answers: { $0 == "ping" ? [.text("pong")] : [] })
    private let heartbeat = "heartbeat: { send: ping, every: 50ms, expect: { equals: pong }, timeout: 1m }"

    @Test func heartbeatsAreAnsweredAndNotForwarded() async throws {
        try await withConnection(heartbeat, pongs) { site in
            try await site.gateway.status("three answers") { ($0.connections["cloud"]?.session?.heartbeats ?? 0) >= 3 }
            try await site.server.send("data")
            #expect(try await site.mqtt.message(on: "in").text == "data")
            #expect(site.count(on: "in") == 1)
            let stats = try await site.stopAndTakeStats()
            #expect(try stats.routed(from: "cloud") == 1)
            #expect(stats.routes["in"]?.received == 1)
        }
    }

    @Test func aHeartbeatWithoutAnAnswerEndsTheConnection() async throws {
        let keys = "heartbeat: { send: ping, every: 50ms, expect: { equals: pong }, timeout: 100ms }"
        try await withConnection(keys) { site in
            let end = try await site.event("disconnected")
            #expect(end.reason == "server did not answer a heartbeat within 100 ms")
            _ = try await site.gateway.log.line(containing: "server did not answer a heartbeat")
            try await site.event("established", number: 2)
        }
    }

    @Test func aDeadFeedBehindALivingHeartbeatEndsTheConnection() async throws {
        try await withConnection(heartbeat + "\nsilence_timeout: 500ms", pongs) { site in
            let end = try await site.event("disconnected")
            #expect(end.reason == "server sent no message for 500 ms")
            try await eventually("a heartbeat") { site.server.texts.contains("ping") }
        }
    }

    @Test func theServersHeartbeatIsAnsweredAndMissed() async throws {
        let keys = "heartbeat: { answer: { equals: hey }, with: ho, within: 1s }"
        try await withConnection(keys, .init(onEstablished: [.text("hey")])) { site in
            try await site.server.waitForMessages(1)
            #expect(site.server.texts[0] == "ho")
            let end = try await site.event("disconnected")
            #expect(end.reason == "server sent no heartbeat and nothing else for 1 s")
        }
    }

    @Test func aServerThatCannotBearPingsIsSaid() async throws {
        let keys = "keep_alive: { interval: 50ms, timeout: 10s }"
        // It ends by itself: a test that looks for a ping first may be late for what counts as its consequence.
        try await withConnection(keys, .init(endsAtPing: true)) { site in
            try await site.event("disconnected", number: 3)
            #expect(site.server.clients.prefix(3).allSatisfy { $0.pingCount > 0 })
            _ = try await site.gateway.log.line(containing: "send_keep_alive: false switches them off")
        }
    }

    /// A process that was stopped finds its answers in the socket, and its timers long overdue.
    @Test func aStoppedProcessReadsBeforeItJudges() async throws {
        let keys = """
            keep_alive: { interval: 100ms, timeout: 10s }
            heartbeat: { send: ping, every: 100ms, expect: { equals: pong }, timeout: 10s }
            """
        let isAnswering = NIOLockedValueBox(true)
        let script = TestWebSocketServer.Script { _ in isAnswering.withLockedValue { $0 } ? [.text("pong")] : [] }
        try await withConnection(keys, script) { site in
            let client = site.server.clients[0]
            isAnswering.withLockedValue { $0 = false }
            let count = site.server.messageCount
            try await site.server.waitForMessages(count + 1)
            site.gateway.process.send(SIGSTOP)
            // Answered while it is stopped. Time itself has to pass, far beyond the deadlines.
            try await client.send([.text("pong")])
            try await Task.sleep(for: .seconds(12))
            isAnswering.withLockedValue { $0 = true }
            site.gateway.process.send(SIGCONT)
            let before = site.server.messageCount
            try await site.server.waitForMessages(before + 10)
            try await client.send([.text("still here")])
            #expect(try await site.mqtt.message(on: "in").text == "still here")
            #expect(site.server.acceptedCount == 1, "\(site.gateway.log.tail())")
        }
    }
}
