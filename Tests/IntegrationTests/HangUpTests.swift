import Foundation
import TestSupport
import Testing

/// A broker that hangs up over what it won't have: the rest goes on.
struct HangUpTests {
    @Test(arguments: ["memory", "spill", "always"])
    func oneMessageThatTheBrokerHangsUpOverDoesNotStopTheOthers(store: String) async throws {
        try await withHangUpSite(broker: "max_packet_size 2000", route: "queue: { store: \(store) }") { site in
            let messages = (0..<20).map { $0 == 7 ? String(repeating: "x", count: 5_000) : "message \($0)" }
            try await site.server.send(messages.map { .text($0) })
            let status = try await site.gateway.status("all is settled", within: .seconds(60)) {
                ($0.routes["out"]?.sinks[0]).map { $0.delivered + ($0.dropped["refused"] ?? 0) } == 20
            }
            status.expectBalance()
            #expect(status.routes["out"]?.sinks[0].dropped == ["refused": 1])
            try await eventually("the last one") { site.mqtt.messages.contains { $0.text == messages.last } }
            var seen: Set<String> = []
            let arrived = site.mqtt.messages.filter { $0.topic == "out" && seen.insert($0.text).inserted }.map(\.text)
            #expect(arrived == messages.filter { $0.count < 5_000 })
            _ = try await site.gateway.log.line("the words", within: .seconds(10)) {
                $0.contains("over a message of 5000 bytes on out: it is given up as refused")
            }
            let stats = try await site.stopAndTakeStats()
            #expect(try stats.sink("out").dropped == ["refused": 1])
        }
    }

    @Test(arguments: ["5", "3.1.1"])
    func aBrokerWithoutRetainGetsDataAndStatus(version: String) async throws {
        try await withHangUpSite(broker: "retain_available false", version: version) { site in
            try await site.server.send("data")
            _ = try await site.mqtt.message(on: "out", within: .seconds(60)) { $0.text == "data" }
            _ = try await site.mqtt.message(on: "\(Site.base)/status", within: .seconds(60)) { $0.text == "online" }
            _ = try await site.gateway.log.line("the words", within: .seconds(60)) {
                $0.contains("the server keeps no retained messages")
            }
            try await site.gateway.stop()
        }
    }

    private func withHangUpSite(
        broker lines: String,
        version: String = "3.1.1",
        route keys: String = "",
        _ body: (Site) async throws -> Void
    ) async throws {
        try await withMosquittoBroker(lines) { broker in
            try await withMQTTRecorder(of: broker) { mqtt in
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        let yaml =
                            parts.standard(broker: "protocol_version: \"\(version)\"") + """
                                state_dir: \(parts.path("state"))
                                routes:
                                  out:
                                    from: cloud
                                    to: { mqtt: local, topic: out, qos: 1 }
                                \(keys.indented(4))

                                """
                        try await withGateway(yaml, in: directory) { gateway in
                            try await server.waitForEstablished()
                            try await body(Site(broker: broker, server: server, mqtt: mqtt, gateway: gateway))
                        }
                    }
                }
            }
        }
    }
}
