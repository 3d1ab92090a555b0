import Foundation
import TestSupport
import Testing

/// How the gateway ends.
struct ShutdownTests {
    @Test("SIGTERM: exit 0, the queues drained, a last stats, then offline, close 1001", arguments: [SIGTERM, SIGINT])
    func endsInOrder(signal: Int32) async throws {
        try await withEstablishedSite(routes: { _ in
            "out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }"
        }) { site in
            try await site.server.send((0..<2_000).map { .text("message \($0)") })
            try await site.gateway.status("they arrived") { $0.connections["cloud"]?.received == 2_000 }
            site.gateway.process.send(signal)
            #expect(try await site.gateway.process.waitForExit() == .exited(0))
            _ = try await site.mqtt.message(on: "\(Site.base)/status") { $0.text == "offline" }
            #expect(site.count(on: "out") == 2_000)
            let stats = try site.lastStats()
            stats.expectBalance()
            #expect(try stats.sink("out").delivered == 2_000)
            let last = site.mqtt.messages.filter { ["\(Site.base)/status", "\(Site.base)/stats"].contains($0.topic) }
            #expect(last.suffix(2).map(\.topic) == ["\(Site.base)/stats", "\(Site.base)/status"])
            try await eventually("the close frame") { site.server.clients[0].closeCode == 1001 }
        }
    }

    @Test func whatCannotDrainIsCountedAsShutdown() async throws {
        try await withSite(yaml: { parts in
            """
            shutdown_timeout: 500ms
            instance: test
            connections:
              cloud: { url: "\(parts.server.url)" }
            mqtt:
              local: { url: "\(parts.broker.url)" }
            routes:
              held: { from: cloud, to: { fifo: "\(parts.path("held.fifo"))", no_reader: keep } }
            """
        }) { site in
            try await site.event("established")
            for index in 0..<10 { try await site.server.send("message \(index)") }
            try await site.gateway.status("ten are queued") { $0.routes["held"]?.sinks[0].queued == 10 }
            let stats = try await site.stopAndTakeStats()
            #expect(try stats.sink("held").dropped == ["shutdown": 10])
            #expect(try stats.sink("held").queued == 0)
            let losses = site.gateway.log.lines.filter { $0.contains("held") && $0.contains("10 messages") }
            #expect(losses.count == 1, "once, by route: \(losses)")
        }
    }

    @Test func aSecondSignalEndsAtOnce() async throws {
        try await withSite(yaml: { parts in
            """
            shutdown_timeout: 5m
            instance: test
            connections:
              cloud: { url: "\(parts.server.url)" }
            mqtt:
              local: { url: "\(parts.broker.url)" }
            routes:
              held: { from: cloud, to: { fifo: "\(parts.path("held.fifo"))", no_reader: keep } }
            """
        }) { site in
            try await site.event("established")
            try await site.server.send("stays in the queue")
            try await site.gateway.status("it is queued") { $0.routes["held"]?.sinks[0].queued == 1 }
            let before = site.gateway.log.lines.count
            site.gateway.process.terminate()
            // It says that it stops, and waits for the reader that never comes.
            _ = try await site.gateway.log.line("the stop's beginning", after: before) { _ in true }
            #expect(site.gateway.process.isRunning)
            site.gateway.process.terminate()
            let status = try await site.gateway.process.waitForExit(within: .seconds(10))
            #expect(status != .signalled(SIGKILL))
        }
    }

    @Test func endsWhileABrokerHangs() async throws {
        try await withSite(yaml: { "shutdown_timeout: 1s\n" + $0.standard() }) { site in
            try await site.event("established")
            site.broker.freeze()
            site.gateway.process.terminate()
            #expect(try await site.gateway.process.waitForExit(within: .seconds(15)) == .exited(0))
            site.broker.thaw()
        }
    }
}
