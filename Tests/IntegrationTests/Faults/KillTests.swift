import Foundation
import TestSupport
import Testing

/// kill -9 at random moments under load, with an onlooker outside.
@Suite(.serialized) struct KillTests {
    /// What a kill may repeat at most, as docs/delivery.md says: of what needs no acknowledgement, and of what does, which
    /// is `max_inflight`.
    private static let mostUnacknowledged = 4096
    private static let mostAcknowledged = 100

    /// Each message is acknowledged by the broker that keeps the gateway's session: from there on none may be lost.
    @Test func mqttToWebSocketLosesNothingThatWasAcknowledged() async throws {
        let rounds = Faults.count(10, long: 200)
        try await withMosquittoBroker(persistence: true) { broker in
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    let parts = Site.Parts(broker: broker, server: server, directory: directory)
                    let yaml =
                        "state_dir: \(parts.path("state"))\n"
                        + parts.standard(broker: "client_id: gateway\nclean_session: false") + """
                            routes:
                              in:
                                from: { mqtt: local, topic: feed/in, qos: 1 }
                                to: cloud
                                queue: { store: always }

                            """
                    var random = SystemRandomNumberGenerator()
                    var sent = 0
                    try await withMQTTClient(of: broker) { publisher in
                        for round in 0..<rounds {
                            try await withGateway(yaml, in: directory) { gateway in
                                try await eventually("the subscription") {
                                    broker.subscriptions(to: "feed/in") > round
                                }
                                let messages = (sent..<sent + 200).map { ("feed/in", Array(Oracle.text($0).utf8)) }
                                sent += 200
                                async let published: Void = publisher.publish(messages)
                                try await Task.sleep(for: .milliseconds(Int.random(in: 0...60, using: &random)))
                                gateway.process.send(SIGKILL)
                                try await published
                                _ = try await gateway.process.waitForExit()
                            }
                        }
                        let total = sent
                        try await withGateway(yaml, in: directory) { gateway in
                            try? await eventually("the last of them", within: .seconds(60)) {
                                server.texts.last { $0 == Oracle.text(total - 1) } != nil
                            }
                            try await gateway.status("the rest is settled", within: .seconds(60)) {
                                $0.routes["in"]?.sinks[0].queued == 0
                            }.expectBalance()
                            let oracle = Oracle(received: server.texts, safe: 0..<total, sent: total)
                            oracle.expectNothingLost(gateway.log.tail())
                            #expect(oracle.duplicates <= rounds * Self.mostUnacknowledged)
                            Faults.report(
                                "killed, MQTT to WebSocket: \(rounds) rounds, \(total) messages, \(oracle.lost.count) lost, "
                                    + "\(oracle.duplicates) twice, \(oracle.invented) invented"
                            )
                            try await gateway.stop()
                        }
                    }
                }
            }
        }
    }

    /// A feed acknowledges nothing: what the gateway calls written may not be lost, and what comes twice says so.
    @Test func webSocketToMQTTLosesNothingThatWasWritten() async throws {
        let rounds = Faults.count(10, long: 200)
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "out") { recorder in
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        let yaml =
                            "state_dir: \(parts.path("state"))\n" + parts.standard() + """
                                routes:
                                  out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 }, queue: { store: always } }

                                """
                        var random = SystemRandomNumberGenerator()
                        var sent = 0
                        var safe: Set<Int> = []
                        for _ in 0..<rounds {
                            let clients = server.acceptedCount
                            try await withGateway(yaml, in: directory) { gateway in
                                let client = try await server.waitForClient(after: clients)
                                let first = sent..<sent + Int.random(in: 1...200, using: &random)
                                try await client.send(first.map { .text(Oracle.text($0)) })
                                sent = first.upperBound
                                try await gateway.status("they are written") { status in
                                    let route = status.routes["out"]
                                    return route?.matched == first.count && route?.sinks[0].spooled?.unwritten == 0
                                }
                                safe.formUnion(first)
                                let second = sent..<sent + 200
                                sent = second.upperBound
                                try await client.send(second.map { .text(Oracle.text($0)) })
                                try await Task.sleep(for: .milliseconds(Int.random(in: 0...40, using: &random)))
                                gateway.process.send(SIGKILL)
                                _ = try await gateway.process.waitForExit()
                            }
                        }
                        let total = sent
                        try await withGateway(yaml, in: directory) { gateway in
                            let status = try await gateway.status("the rest is settled", within: .seconds(60)) {
                                $0.routes["out"]?.sinks[0].queued == 0
                            }
                            status.expectBalance()
                            try await gateway.stop()
                        }
                        // What the broker still had on its way to us.
                        try await eventually("the last that is safe") {
                            recorder.messages.contains { $0.text == Oracle.text(safe.max() ?? 0) }
                        }
                        let messages = recorder.messages
                        let oracle = Oracle(received: messages.map(\.text), safe: safe, sent: total)
                        oracle.expectNothingLost()
                        #expect(oracle.duplicates <= rounds * Self.mostAcknowledged)
                        var seen: Set<String> = []
                        let again = messages.filter { !seen.insert($0.text).inserted }
                        let unmarked = again.count { !$0.isMarkedRedelivered }
                        #expect(unmarked == 0, "what comes twice says so")
                        Faults.report(
                            "killed, WebSocket to MQTT: \(rounds) rounds, \(total) messages, \(safe.count) written, "
                                + "\(oracle.lost.count) lost, \(oracle.duplicates) twice, \(oracle.invented) invented"
                        )
                    }
                }
            }
        }
    }

    /// A disk that takes its time would have thousands repeated, if the queue did not wait for it.
    @Test(.enabled(if: !Faults.isSanitized)) func aKillRepeatsNoMoreThanIsSaid() async throws {
        let rounds = Faults.count(3, long: 20)
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "out", "wsbridge/test/status") { recorder in
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        let disk = try await FaultyDisk(in: directory)
                        let yaml =
                            "state_dir: \(parts.path("state"))\n" + parts.standard() + """
                                routes:
                                  out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 }, queue: { store: always } }

                                """
                        var sent = 0
                        for round in 0..<rounds {
                            try disk.set("")
                            let clients = server.acceptedCount
                            try await withGateway(yaml, in: directory, environment: disk.environment) { gateway in
                                let client = try await server.waitForClient(after: clients)
                                try disk.set("delay 100")
                                let before = recorder.messages.count
                                try await client.send((sent..<sent + 4_000).map { .text(Oracle.text($0)) })
                                sent += 4_000
                                try await eventually("some came") { recorder.messages.count > before + 500 }
                                gateway.process.send(SIGKILL)
                                _ = try await gateway.process.waitForExit()
                            }
                            // The broker has read all that the gateway had sent.
                            try await eventually("the last will") {
                                recorder.messages.count { $0.text == "offline" } > round
                            }
                        }
                        try await withGateway(yaml, in: directory) { gateway in
                            try await gateway.status("the rest is settled", within: .seconds(60)) {
                                $0.routes["out"]?.sinks[0].queued == 0
                            }.expectBalance()
                            try await gateway.stop()
                        }
                        try await eventually("the last goodbye") {
                            recorder.messages.count { $0.text == "offline" } > rounds
                        }
                        var seen: Set<String> = []
                        let again = recorder.messages.split { $0.text == "offline" }.map { life in
                            life.count { $0.topic == "out" && !seen.insert($0.text).inserted }
                        }
                        #expect(again.allSatisfy { $0 <= Self.mostAcknowledged }, "\(again)")
                        #expect(again.reduce(0, +) > 0, "the disk was too fast to show anything")
                        Faults.report("killed over a slow disk: \(again) came twice, of \(sent) messages")
                    }
                }
            }
        }
    }
}
