import Foundation
import TestSupport
import Testing

/// 20,000 messages of 1 B to 4 KiB through each path, a fifth under a sanitizer: every one whole, none merged, in order,
/// none lost.
@Suite(.serialized)
struct BurstTests {
    private static let isSanitized = ProcessInfo.processInfo.environment["SANITIZED"] != nil
    private let burst = Burst(count: isSanitized ? 4_000 : 20_000, seed: 20_000)
    private let limit = Duration.seconds(90)

    @Test("burst: WebSocket to MQTT at QoS 1")
    func webSocketToMQTT() async throws {
        try await withEstablishedSite(routes: { _ in
            "out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }"
        }) { site in
            for chunk in burst.chunks(of: 1_000) { try await site.server.send(burst.sendings(chunk)) }
            try await eventually("all publishes", within: limit) {
                site.count(on: "out") >= burst.messages.count
            }
            let received = site.mqtt.messages.filter { $0.topic == "out" }
            expectSame(received.map(\.payload), burst.payloads)
            #expect(received.map(\.isDeclaredText) == burst.messages.map(\.isText))
            try await expectAllDelivered(site, "out")
        }
    }

    @Test("burst: WebSocket to UDP, paced below the receiver's limit")
    func webSocketToUDP() async throws {
        try await withUDPReceiver { receiver in
            try await withEstablishedSite(routes: { _ in
                "out: { from: cloud, to: { udp: \"127.0.0.1:\(receiver.port)\" } }"
            }) { site in
                for chunk in burst.chunks(of: 24) {
                    try await site.server.send(burst.sendings(chunk))
                    try await receiver.waitForDatagrams(chunk.upperBound)
                }
                expectSame(receiver.received, burst.payloads)
                try await expectAllDelivered(site, "out")
            }
        }
    }

    @Test("burst: WebSocket to FIFO")
    func webSocketToFIFO() async throws {
        try await withEstablishedSite(routes: { parts in
            "out: { from: cloud, to: { fifo: \"\(parts.path("out.fifo"))\", framing: length, no_reader: block } }"
        }) { site in
            try await withFIFOReader(site.gateway.directory.appendingPathComponent("out.fifo").path) { reader in
                for chunk in burst.chunks(of: 1_000) { try await site.server.send(burst.sendings(chunk)) }
                let bytes = burst.payloads.reduce(0) { $0 + 4 + $1.count }
                try await eventually("all records", within: limit) { reader.byteCount >= bytes }
                expectSame(reader.lengthPrefixedRecords(), burst.payloads)
                try await expectAllDelivered(site, "out")
            }
        }
    }

    @Test("burst: MQTT to WebSocket")
    func mqttToWebSocket() async throws {
        try await withEstablishedSite(routes: { _ in
            "in: { from: { mqtt: local, topic: feed/send, qos: 1 }, to: { connection: cloud, as: binary } }"
        }) { site in
            try await withMQTTClient(of: site.broker) { publisher in
                try await publisher.publish(burst.payloads.map { ("feed/send", $0) })
            }
            try await site.server.waitForMessages(burst.messages.count, within: limit)
            expectSame(site.server.messages.map(\.payload), burst.payloads)
            #expect(site.server.messages.allSatisfy { !$0.isText })
            try await expectAllDelivered(site, "in")
        }
    }

    @Test("burst: UDP to WebSocket")
    func udpToWebSocket() async throws {
        let port = freePort()
        try await withEstablishedSite(routes: { _ in
            "in: { from: { udp: \"127.0.0.1:\(port)\" }, to: { connection: cloud, as: binary } }"
        }) { site in
            let sender = try UDPSender(toPort: port)
            for chunk in burst.chunks(of: 24) {
                for message in burst.messages[chunk] { #expect(sender.send(message.payload)) }
                try await site.server.waitForMessages(chunk.upperBound)
            }
            expectSame(site.server.messages.map(\.payload), burst.payloads)
            try await expectAllDelivered(site, "in")
        }
    }

    @Test("burst: FIFO to WebSocket")
    func fifoToWebSocket() async throws {
        try await withEstablishedSite(routes: { parts in
            "in: { from: { fifo: \"\(parts.path("in.fifo"))\", framing: length }, to: { connection: cloud, as: binary } }"
        }) { site in
            var bytes: [UInt8] = []
            for payload in burst.payloads {
                withUnsafeBytes(of: UInt32(payload.count).bigEndian) { bytes.append(contentsOf: $0) }
                bytes.append(contentsOf: payload)
            }
            try await FIFOWriter.write(
                bytes,
                to: site.gateway.directory.appendingPathComponent("in.fifo").path,
                within: limit
            )
            try await site.server.waitForMessages(burst.messages.count, within: limit)
            expectSame(site.server.messages.map(\.payload), burst.payloads)
            try await expectAllDelivered(site, "in")
        }
    }

    private func expectAllDelivered(_ site: Site, _ route: String) async throws {
        let stats = try await site.stopAndTakeStats()
        #expect(stats.routes[route]?.received == burst.messages.count)
        #expect(stats.routes[route]?.matched == burst.messages.count)
        let sink = try stats.sink(route)
        #expect(sink.delivered == burst.messages.count)
        #expect(sink.dropped.isEmpty)
        #expect((sink.queued, sink.queued_bytes, sink.expired) == (0, 0, 0))
        #expect(site.server.violations.isEmpty)
    }
}
