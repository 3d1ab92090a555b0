import Foundation
import TestSupport
import Testing

/// What the README's table of promises says of memory, of the disk, and of QoS 0.
struct PromiseTests {
    /// Three queues get the same, and nobody takes it from them; then kill -9.
    @Test func aKillTakesWhatOnlyMemoryHeld() async throws {
        try await withMosquittoBroker { broker in
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    let parts = Site.Parts(broker: broker, server: server, directory: directory)
                    func route(_ level: String) -> String {
                        """
                          \(level):
                            from: cloud
                            to: { fifo: "\(parts.path("\(level).fifo"))", no_reader: block }
                            queue: { store: \(level), max_bytes: \(level == "memory" ? "16MiB" : "64KiB") }

                        """
                    }
                    let yaml =
                        "state_dir: \(parts.path("state"))\n" + parts.standard() + "routes:\n"
                        + route("memory") + route("spill") + route("always")
                    let count = 1_200
                    var inMemory = 0
                    try await withGateway(yaml, in: directory) { gateway in
                        try await server.waitForEstablished()
                        try await server.send((0..<count).map { .text(Oracle.text($0)) })
                        let status = try await gateway.status("all wait, and what is to be written is") { status in
                            ["memory", "spill", "always"].allSatisfy { name in
                                let sink = status.routes[name]?.sinks[0]
                                return sink?.queued == count && sink?.spooled?.unwritten ?? 0 == 0
                            }
                        }
                        status.expectBalance()
                        #expect(try status.sink("spill").spooled?.bytes ?? 0 > 0, "some are above its memory")
                        gateway.process.send(SIGKILL)
                        _ = try await gateway.process.waitForExit()
                    }
                    try await withGateway(yaml, in: directory) { gateway in
                        let client = try await server.waitForClient(after: 1)
                        let status = try await gateway.status("what is left") { _ in true }
                        #expect(try status.sink("memory").restored == 0)
                        #expect(try status.sink("always").restored == count)
                        inMemory = count - (try status.sink("spill").restored)
                        #expect(inMemory > 0 && inMemory < count, "\(inMemory) of \(count)")
                        try await client.send([.text("fresh")])
                        let all = (0..<count).map(Oracle.text) + ["fresh"]
                        for (level, expected) in [
                            ("memory", ["fresh"]), ("spill", Array(all[inMemory...])), ("always", all),
                        ] {
                            try await withFIFOReader(parts.path("\(level).fifo")) { reader in
                                try await eventually("\(level): the last") { reader.lines.last == "fresh" }
                                #expect(reader.lines == expected, "\(level)")
                            }
                        }
                        try await gateway.stop()
                    }
                }
            }
        }
    }

    /// At QoS 0 nothing is acknowledged: what was written to the socket counts as delivered, and is never sent again.
    @Test func whatWasUnderWayAtQoS0IsLostAndNothingElse() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "out") { recorder in
                try await withLink(to: broker.port) { link in
                    try await withWebSocketServer { server in
                        try await withTemporaryDirectory { directory in
                            let parts = Site.Parts(broker: broker, server: server, directory: directory)
                            let yaml =
                                (parts.standard() + """
                                    routes: { out: { from: cloud, to: { mqtt: local, topic: out, qos: 0 } } }

                                    """).replacing(broker.url, with: "mqtt://127.0.0.1:\(link.port)")
                            try await withGateway(yaml, in: directory) { gateway in
                                try await server.waitForEstablished()
                                try await server.send((0..<1_000).map { .text(Oracle.text($0)) })
                                // CONNACK with reason 0x88, server unavailable.
                                link.mode = .answering([0x20, 0x03, 0x00, 0x88, 0x00])
                                await link.cut()
                                try await gateway.status("the broker is away") {
                                    $0.brokers["local"]?.state != "connected" && $0.routes["out"]?.matched == 1_000
                                }
                                try await server.send((1_000..<2_000).map { .text(Oracle.text($0)) })
                                try await gateway.status("they wait") {
                                    $0.routes["out"]?.sinks[0].queued ?? 0 >= 1_000
                                }.expectBalance()
                                link.mode = .forwarding
                                let status = try await gateway.status("all is delivered") {
                                    $0.routes["out"]?.sinks[0].delivered == 2_000
                                }
                                status.expectBalance()
                                try await eventually("the last one") {
                                    recorder.messages.last?.text == Oracle.text(1_999)
                                }
                                let texts = recorder.messages.map(\.text)
                                let oracle = Oracle(received: texts, safe: 1_000..<2_000, sent: 2_000)
                                oracle.expectNothingLost(gateway.log.tail())
                                #expect(oracle.duplicates == 0)
                                try await gateway.stop()
                            }
                        }
                    }
                }
            }
        }
    }
}
