import Foundation
import TestSupport
import Testing

/// Clocks that are wrong, and a process that was stopped.
@Suite(.serialized) struct TimeFaultTests {
    /// A day forward, then a day back: within one boot the wall clock expires nothing.
    @Test(.enabled(if: !Faults.isSanitized), arguments: [86_400, -86_400])
    func aClockThatJumpsOverARestartExpiresNothing(jump: Int) async throws {
        try await withMosquittoBroker { broker in
            await broker.stop()
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    let parts = Site.Parts(broker: broker, server: server, directory: directory)
                    let yaml =
                        "state_dir: \(parts.path("state"))\n" + parts.standard() + """
                            routes:
                              out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 }, queue: { store: always, ttl: 1h } }

                            """
                    let before = try await FaultyDisk(in: directory, clockAhead: -jump / 2)
                    try await withGateway(yaml, in: directory, environment: before.environment) { gateway in
                        try await server.waitForEstablished()
                        try await server.send(["a", "b"].map { .text($0) })
                        try await gateway.status("they wait") { $0.routes["out"]?.sinks[0].queued == 2 }
                        try await gateway.stop()
                    }
                    try await broker.start()
                    try await withMQTTRecorder(of: broker, "out") { recorder in
                        let after = try await FaultyDisk(in: directory, clockAhead: jump / 2)
                        try await withGateway(yaml, in: directory, environment: after.environment) { gateway in
                            try await eventually("both") { recorder.count == 2 }
                            let status = try await gateway.status("both") {
                                $0.routes["out"]?.sinks[0].delivered == 2
                            }
                            #expect(try status.sink("out").expired == 0)
                            status.expectBalance()
                            try await gateway.stop()
                        }
                    }
                }
            }
        }
    }

    @Test func aStoppedProcessLosesNothing() async throws {
        let pause = Duration.seconds(Faults.count(3, long: 60))
        try await withMosquittoBroker(persistence: true) { broker in
            try await withMQTTRecorder(of: broker, "out") { recorder in
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        let yaml =
                            "state_dir: \(parts.path("state"))\n"
                            + parts.standard(broker: "client_id: gateway\nclean_session: false\nkeep_alive: 60s") + """
                                routes:
                                  out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }
                                  in:
                                    from: { mqtt: local, topic: in, qos: 1 }
                                    to: cloud
                                    queue: { store: always }

                                """
                        try await withGateway(yaml, in: directory) { gateway in
                            try await server.waitForEstablished()
                            try await eventually("the subscription") { broker.subscriptions(to: "in") > 0 }
                            gateway.process.send(SIGSTOP)
                            try await withMQTTClient(of: broker) { publisher in
                                try await publisher.publish((0..<500).map { ("in", Array(Oracle.text($0).utf8)) })
                            }
                            try await server.send((0..<500).map { .text(Oracle.text($0)) })
                            // The fault itself takes its time.
                            try await Task.sleep(for: pause)
                            gateway.process.send(SIGCONT)
                            try await server.waitForMessages(500, within: .seconds(60))
                            try await eventually("those to the broker", within: .seconds(60)) { recorder.count >= 500 }
                            #expect(Oracle(received: server.texts, safe: 0..<500, sent: 500).lost.isEmpty)
                            #expect(
                                Oracle(received: recorder.messages.map(\.text), safe: 0..<500, sent: 500).lost.isEmpty
                            )
                            try await gateway.status("all is settled") {
                                $0.routes["out"]?.sinks[0].queued == 0 && $0.routes["in"]?.sinks[0].queued == 0
                            }.expectBalance()
                            try await gateway.stop()
                        }
                    }
                }
            }
        }
    }
}
