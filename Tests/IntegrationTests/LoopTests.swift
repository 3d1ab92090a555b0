import Foundation
import TestSupport
import Testing

/// Gateways that pass messages to each other in a ring.
struct LoopTests {
    @Test func aRingOfTwoGatewaysEndsAndIsCounted() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "ring/#") { recorder in
                try await withGateway(Self.yaml("one", broker, from: "ring/a", to: "ring/b")) { one in
                    try await withGateway(Self.yaml("two", broker, from: "ring/b", to: "ring/a")) { two in
                        try await eventually("both subscriptions") {
                            broker.subscriptions(to: "ring/a") > 0 && broker.subscriptions(to: "ring/b") > 0
                        }
                        try await withMQTTClient(of: broker) { try await $0.publish("ring/a", "round and round") }
                        let end = try await one.status("the end") { $0.sources?["mqtt:local"]?.rejected["looped"] == 1 }
                        end.expectBalance()
                        // Once by the client, then four times by each.
                        try await eventually("all that went round") { recorder.count == 9 }
                        #expect(recorder.messages.map(\.topic).count { $0 == "ring/b" } == 4)
                        let hops = recorder.messages.compactMap { message in
                            message.userProperties.first { $0.name == "wsbridge-hops" }?.value
                        }
                        #expect(hops == (1...8).map(String.init))
                        #expect(try await two.status().sources?["mqtt:local"]?.rejected == [:])
                        try await two.stop()
                    }
                    try await one.stop()
                }
            }
        }
    }

    private static func yaml(_ instance: String, _ broker: MosquittoBroker, from: String, to: String) -> String {
        """
        instance: \(instance)
        mqtt: { local: { url: \(broker.url) } }
        routes: { pass: { from: { mqtt: local, topic: \(from), qos: 1 }, to: { mqtt: local, topic: \(to), qos: 1 } } }

        """
    }

    private func withGateway(_ yaml: String, _ body: (Gateway) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await IntegrationTests.withGateway(yaml, in: directory, body)
        }
    }
}
