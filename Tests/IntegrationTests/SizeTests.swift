import Foundation
import TestSupport
import Testing

/// Messages from nothing to 16 MiB, and many connections.
@Suite(.serialized)
struct SizeTests {
    private static let sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20, 16 << 20]

    private func payloads() -> [[UInt8]] {
        var generator = SeededGenerator(seed: 16)
        return Self.sizes.map { generator.bytes($0) }
    }

    @Test("sizes 0 B to 16 MiB: WebSocket to MQTT")
    func webSocketToMQTT() async throws {
        let payloads = payloads()
        try await withEstablishedSite(routes: { _ in
            "out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 }, queue: { max_bytes: 64MiB } }"
        }) { site in
            for payload in payloads { try await site.server.send(.binary(payload)) }
            try await eventually("all of them", within: .seconds(60)) {
                site.count(on: "out") >= payloads.count
            }
            expectSame(site.mqtt.messages.filter { $0.topic == "out" }.map(\.payload), payloads)
            #expect(try await site.stopAndTakeStats().sink("out").delivered == payloads.count)
        }
    }

    @Test("sizes 0 B to 16 MiB: WebSocket to FIFO with framing length")
    func webSocketToFIFO() async throws {
        let payloads = payloads()
        try await withEstablishedSite(routes: { parts in
            """
            out:
              from: cloud
              to: { fifo: "\(parts.path("out.fifo"))", framing: length }
              queue: { max_bytes: 64MiB }
            """
        }) { site in
            try await withFIFOReader(site.gateway.directory.appendingPathComponent("out.fifo").path) { reader in
                for payload in payloads { try await site.server.send(.binary(payload)) }
                let bytes = payloads.reduce(0) { $0 + 4 + $1.count }
                try await eventually("all bytes", within: .seconds(60)) { reader.byteCount >= bytes }
                expectSame(reader.lengthPrefixedRecords(), payloads)
            }
        }
    }

    @Test func aLargerMessageThanAllowedEndsTheConnectionWith1009() async throws {
        try await withEstablishedSite(connection: "max_message_size: 64KiB") { site in
            try await site.server.send(.binary([UInt8](repeating: 1, count: 65_536)))
            try await site.gateway.status("the first arrived") { $0.connections["cloud"]?.received == 1 }
            // Only the header: the declared length is enough.
            try await site.server.send(.raw([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1]))
            let event = try await site.event("disconnected")
            #expect(event.closeCode == 1009)
            #expect(site.server.clients[0].closeCode == 1009)
            try await site.gateway.status("it is counted") { $0.connections["cloud"]?.rejected["too_large"] == 1 }
            try await site.event("established", number: 2)
        }
    }

    @Test("100 connections in one process")
    func aHundredConnections() async throws {
        let names = (0..<100).map { "c\($0)" }
        try await withSite(yaml: { parts in
            var yaml = "instance: test\nconnections:\n"
            for name in names { yaml += "  \(name): { url: \"\(parts.server.url)/\(name)\" }\n" }
            yaml += "mqtt:\n  local: { url: \"\(parts.broker.url)\" }\nroutes:\n"
            for name in names {
                yaml += "  r-\(name): { from: \(name), to: { mqtt: local, topic: 'out/{connection}', qos: 1 } }\n"
            }
            return yaml
        }) { site in
            try await site.server.waitForEstablished(100, within: .seconds(60))
            for client in site.server.clients {
                try await client.send([.text("hello \(client.target?.dropFirst() ?? "?")")])
            }
            for name in names {
                let message = try await site.mqtt.message(on: "out/\(name)")
                #expect(message.text == "hello \(name)")
            }
            for name in names { try await site.event("established", of: name) }
            let stats = try await site.stopAndTakeStats()
            #expect(stats.connections.count == 100)
            #expect(stats.routes.values.allSatisfy { $0.sinks[0].delivered == 1 })
        }
    }
}
