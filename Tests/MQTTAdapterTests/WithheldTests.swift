import BridgeCore
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// A store that says later that it has what it was given: no PUBACK leaves before.
@Suite struct WithheldTests {
    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func noPUBACKLeavesBeforeTheStoresSyncReturned(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port, version: version) { rig in
                let source = try await rig.source("a", qos: 1)
                source.log.state.withLockedValue { $0.isHolding = true }
                let sink = try await rig.sink("b", qos: 1)
                try await rig.connect()
                let byte: UInt8 = version == .v5 ? 5 : 4
                for identifier in 1...5 {
                    let message = FakeBroker.publish(
                        "a",
                        [UInt8(identifier)],
                        qos: 1,
                        identifier: UInt16(identifier),
                        version: byte
                    )
                    try await broker.send(message)
                }
                try await eventually("one of them") { source.log.count >= 1 }
                // What we publish ourselves waits with the PUBACKs: nothing may drag them along.
                try await rig.feed(sink.index, ["x", "y"])
                let all = source.log.count
                #expect(broker.count(.puback) == 0 && broker.count(.publish) == 0)
                try await rig.onLoop { $0.receivers[source.index].release() }
                try await eventually("the PUBACKs") { broker.count(.puback) == 5 }
                #expect(all <= 5 && source.log.count == 5)
                try await eventually("our own") { broker.count(.publish) == 2 }
            }
        }
    }

    @Test func aStoreThatRefusesEndsTheConnectionWithoutAPUBACK() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port, { $0.keepAlive = .seconds(2) }) { rig in
                let source = try await rig.source("a", qos: 1)
                source.log.state.withLockedValue { $0.isHolding = true }
                try await rig.connect()
                try await broker.send(FakeBroker.publish("a", [1], qos: 1, identifier: 7))
                try await eventually("it to arrive") { source.log.count == 1 }
                // Half the keep-alive later.
                try await rig.connected(times: 2)
                #expect(broker.count(.puback) == 0)
                try await rig.onLoop { $0.receivers[source.index].release() }
                try await broker.send(FakeBroker.publish("a", [1], qos: 1, identifier: 7))
                try await eventually("the second time it is acknowledged") { broker.count(.puback) == 1 }
            }
        }
    }
}
