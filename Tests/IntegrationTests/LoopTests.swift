import Foundation
import TestSupport
import Testing

/// Gateways that pass messages to each other in a ring.
struct LoopTests {
    @Test func aRingOfTwoGatewaysEndsWhereItBeganAndIsCounted() async throws {
        try await withRing(["one", "two"]) { broker, recorder, one, two in
            try await withMQTTClient(of: broker) { try await $0.publish("ring/a", "round") }
            let end = try await one.status("the end") { $0.sources?["mqtt:local"]?.rejected["looped"] == 1 }
            end.expectBalance()
            // Once by the client, then once by each.
            try await eventually("all that went round") { recorder.count == 3 }
            #expect(recorder.messages.map(\.topic).sorted() == ["ring/a", "ring/a", "ring/b"])
            #expect(recorder.messages.map { $0.values(of: "wsbridge-via") } == [[], ["one"], ["one", "two"]])
            #expect(recorder.messages.map { $0.values(of: "wsbridge-hops") } == [[], ["1"], ["2"]])
            _ = try await one.log.line("why") { $0.contains("had gone through 'one' came back") }
            #expect(try await two.status().sources?["mqtt:local"]?.rejected == [:])
        }
    }

    /// Whoever takes the ids away, or wants what came back, is left with their number.
    @Test func aRingThatIsWantedEndsAfterEight() async throws {
        try await withRing(["one", "two"], keys: "allow_echo: true, ") { broker, recorder, one, two in
            try await withMQTTClient(of: broker) { try await $0.publish("ring/a", "round and round") }
            try await one.status("the end") { $0.sources?["mqtt:local"]?.rejected["looped"] == 1 }.expectBalance()
            // Once by the client, then four times by each.
            try await eventually("all that went round") { recorder.count == 9 }
            #expect(recorder.messages.map(\.topic).count { $0 == "ring/b" } == 4)
            #expect(recorder.messages.flatMap { $0.values(of: "wsbridge-hops") } == (1...8).map(String.init))
            #expect(recorder.messages.allSatisfy { $0.values(of: "wsbridge-via").count <= 2 })
            #expect(try await two.status().sources?["mqtt:local"]?.rejected == [:])
        }
    }

    /// By mistake: they have the same host name, and nobody gave them names.
    @Test func twoGatewaysOfOneNameSayWhatIsWrong() async throws {
        try await withRing(["twin", "twin"]) { broker, recorder, _, two in
            try await withMQTTClient(of: broker) { try await $0.publish("ring/a", "goes one way") }
            try await two.status("it is counted") { $0.sources?["mqtt:local"]?.rejected["looped"] == 1 }
                .expectBalance()
            _ = try await two.log.line("what to do") {
                $0.contains("another one calls itself the same and needs an `instance` of its own")
            }
            try await eventually("what went the one way") { recorder.count == 2 }
        }
    }

    /// Gateways that pass on `ring/a` to `ring/b`, and that back.
    private func withRing(
        _ instances: [String],
        keys: String = "",
        _ body: (MosquittoBroker, MQTTTestClient, Gateway, Gateway) async throws -> Void
    ) async throws {
        func yaml(_ index: Int, _ broker: MosquittoBroker, from: String, to: String) -> String {
            """
            instance: \(instances[index])
            mqtt: { local: { url: \(broker.url), client_id: ring-\(index) } }
            status: { mqtt: none }
            routes:
              pass: { from: { mqtt: local, topic: \(from), qos: 1 }, \(keys)to: { mqtt: local, topic: \(to), qos: 1 } }

            """
        }
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "ring/#") { recorder in
                try await withGateway(yaml(0, broker, from: "ring/a", to: "ring/b")) { one in
                    try await withGateway(yaml(1, broker, from: "ring/b", to: "ring/a")) { two in
                        try await eventually("both subscriptions") {
                            broker.subscriptions(to: "ring/a") > 0 && broker.subscriptions(to: "ring/b") > 0
                        }
                        try await body(broker, recorder, one, two)
                        try await two.stop()
                    }
                    try await one.stop()
                }
            }
        }
    }

    private func withGateway(_ yaml: String, _ body: (Gateway) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await IntegrationTests.withGateway(yaml, in: directory, body)
        }
    }
}

extension MQTTMessage {
    /// The values of its user properties of this name, in order.
    fileprivate func values(of name: String) -> [String] { userProperties.filter { $0.name == name }.map(\.value) }
}
