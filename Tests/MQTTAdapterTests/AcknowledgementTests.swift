import BridgeCore
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct AcknowledgementTests {
    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func noPUBACKLeavesBeforeTheBatchIsAccepted(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port, version: version) { rig in
                let early = NIOLockedValueBox(0)
                let source = try await rig.source("a", qos: 1) { acceptedBefore in
                    // The store takes its time; what is sent meanwhile is seen.
                    usleep(20_000)
                    early.withLockedValue { $0 += max(0, broker.count(.puback) - acceptedBefore) }
                }
                let sink = try await rig.sink("b", qos: 1)
                try await rig.connect()
                let byte: UInt8 = version == .v5 ? 5 : 4
                for round in 0..<5 {
                    let messages = (1...10).flatMap {
                        FakeBroker.publish("a", [UInt8($0)], qos: 1, identifier: UInt16(round * 10 + $0), version: byte)
                    }
                    // Our own publishes must not drag PUBACKs along.
                    try await rig.feed(sink.index, ["x", "y"])
                    try await broker.send(messages)
                    try await eventually("the round's PUBACKs") { broker.count(.puback) == (round + 1) * 10 }
                    #expect(source.log.count == (round + 1) * 10)
                }
                #expect(early.withLockedValue { $0 } == 0)
                try await eventually("our own to be settled") { sink.log.settled == 10 }
            }
        }
    }

    @Test func whatIsNotAcceptedIsNeverAcknowledged() async throws {
        let gate = DispatchGate()
        defer { gate.open() }
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("a", qos: 1) { _ in gate.wait() }
                try await rig.connect()
                try await broker.send(FakeBroker.publish("a", [1], qos: 1, identifier: 7))
                try await eventually("it to arrive") { source.log.count == 1 }
                // The store hangs. The connection ends, and nothing was acknowledged.
                try await broker.send(FakeBroker.publish("a", [2], qos: 1, identifier: 8))
                try await broker.closeConnection()
                #expect(broker.count(.puback) == 0)
                gate.open()
                try await rig.connected(times: 2)
                #expect(broker.count(.puback) == 0)
            }
        }
    }

    @Test func messagesAtQoS0WaitForNothing() async throws {
        let gate = DispatchGate()
        defer { gate.open() }
        try await withFakeBroker { broker in
            try await withRig(port: broker.port, { $0.keepAlive = .seconds(5) }) { rig in
                let source = try await rig.source("a", qos: 0) { _ in gate.wait() }
                try await rig.connect()
                try await broker.send(FakeBroker.publish("a", [1], qos: 0))
                try await eventually("it to arrive") { source.log.count == 1 }
                // The event loop hangs in the store; pings go out all the same.
                try await eventually("a ping") { broker.count(.pingreq) > 0 }
                gate.open()
            }
        }
    }
}

/// Holds up a thread until it is opened.
final class DispatchGate: Sendable {
    private let isOpen = NIOLockedValueBox(false)

    func open() { isOpen.withLockedValue { $0 = true } }

    func wait() {
        while !isOpen.withLockedValue({ $0 }) { usleep(1_000) }
    }
}
