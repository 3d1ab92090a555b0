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

    /// What keeps the drain going is alive, and what it brings too late is counted.
    @Test func aConnectionIsAliveWhileQueuesDrain() async throws {
        try await withSite(yaml: { parts in
            """
            shutdown_timeout: 1m
            \(parts.standard())
            routes:
              held: { from: cloud, to: { fifo: "\(parts.path("held.fifo"))", no_reader: block } }
            """
        }) { site in
            try await site.event("established")
            try await site.server.send("first")
            try await site.gateway.status("it is queued") { $0.routes["held"]?.sinks[0].queued == 1 }
            site.gateway.process.terminate()
            try await eventually("messages that come too late") {
                try await site.server.send("late")
                return try await site.gateway.status().connections["cloud"]?.rejected["closing"] ?? 0 > 0
            }
            try await site.server.send(.ping(Array("are you there".utf8)))
            try await eventually("the pong") { site.server.pongs.contains(Array("are you there".utf8)) }
            try await withFIFOReader(site.gateway.directory.appendingPathComponent("held.fifo").path) { reader in
                #expect(try await site.gateway.process.waitForExit() == .exited(0))
                let stats = try site.lastStats()
                stats.expectBalance()
                let connection = try #require(stats.connections["cloud"])
                try await eventually("the queue's content") { reader.lines.count == connection.received }
                #expect(reader.lines.first == "first")
                #expect(try stats.sink("held").delivered == connection.received)
                #expect(connection.rejected.keys.sorted() == ["closing"])
            }
        }
    }

    /// The writer's record is read to its end, and the next one waits for the next gateway.
    @Test func aRecordThatHasBegunIsReadToItsEnd() async throws {
        try await withSite(yaml: { parts in
            """
            shutdown_timeout: 1m
            \(parts.standard())
            routes:
              in: { from: { fifo: "\(parts.path("in.fifo"))" }, to: { mqtt: local, topic: out, qos: 1 } }
            """
        }) { site in
            let pipe = try FileHandle(
                forUpdating: site.gateway.directory.appendingPathComponent("in.fifo")
            )
            try pipe.write(contentsOf: Data("whole\nbeg".utf8))
            _ = try await site.mqtt.message(on: "out") { $0.text == "whole" }
            site.gateway.process.terminate()
            // From here on commands are refused, and sources told.
            try await eventually("the stop") {
                try await site.gateway.command("connect", "cloud").status == .exited(75)
            }
            try pipe.write(contentsOf: Data("un\nnext\n".utf8))
            #expect(try await site.gateway.process.waitForExit() == .exited(0))
            _ = try await site.mqtt.message(on: "\(Site.base)/status") { $0.text == "offline" }
            #expect(site.mqtt.messages.filter { $0.topic == "out" }.map(\.text) == ["whole", "begun"])
            let stats = try site.lastStats()
            #expect(try stats.sink("in").delivered == 2)
            #expect(stats.routes["in"]?.received == 2)
        }
    }

    /// Two routes of one subscription, one of them stuck: what the other had is not lost, and nothing more is taken.
    @Test(arguments: ["spill", "always"])
    func aRouteThatBlocksLosesNothingAtTheStop(store: String) async throws {
        try await withMosquittoBroker { broker in
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    let parts = Site.Parts(broker: broker, server: server, directory: directory)
                    let yaml =
                        "state_dir: \(parts.path("state"))\nshutdown_timeout: 200ms\n"
                        + parts.standard(broker: "client_id: gateway") + """
                            routes:
                              passes:
                                from: { mqtt: local, topic: in, qos: 1 }
                                to: cloud
                              blocks:
                                from: { mqtt: local, topic: in, qos: 1 }
                                to: { fifo: "\(parts.path("out.fifo"))", no_reader: block }
                                queue: { store: \(store), max_bytes: 64KiB, max_disk: 1MiB }

                            """
                    let total = 12_000
                    try await withMQTTClient(of: broker) { publisher in
                        try await withGateway(yaml, in: directory) { gateway in
                            try await gateway.status("the broker") { $0.brokers["local"]?.state == "connected" }
                            try await publisher.publish((0..<total).map { ("in", Array(Oracle.text($0).utf8)) })
                            let status = try await gateway.status("the blocked route") {
                                $0.sources?["mqtt:local"]?.throttled?.isEmpty == false
                            }
                            #expect(try status.sink("blocks").delivered == 0)
                            try await gateway.stop()
                        }
                        try await withGateway(yaml, in: directory) { gateway in
                            let reader = try FIFOReader(parts.path("out.fifo"))
                            try await eventually("all of them\n\(gateway.log.tail())") {
                                reader.lines.last == Oracle.text(total - 1)
                                    && server.texts.last == Oracle.text(total - 1)
                            }
                            for texts in [reader.lines, server.texts] {
                                Oracle(received: texts, safe: 0..<total, sent: total).expectNothingLost()
                            }
                            try await gateway.stop()
                            try await reader.stop()
                        }
                    }
                }
            }
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
