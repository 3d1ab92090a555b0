import BridgeCore
import MQTTAdapter
import NIOCore
import TestSupport
import Testing

@Suite struct StatusTests {
    static func message(_ topic: String, _ text: String, qos: Int = 1, retain: Bool = true) -> StatusMessage {
        StatusMessage(topic: topic, payload: ByteBuffer(string: text), qos: qos, retain: retain)
    }

    static func carry(_ rig: Rig) async throws {
        try await rig.onLoop { core in
            core.broker.carryStatus(will: message("base/status", "offline"), commandFilter: "base/+/command/#")
        }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func statusIsPublishedInOrderAndTheFarewellArrives(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "base/#") { recorder in
                try await withRig(port: broker.port, version: version) { rig in
                    try await Self.carry(rig)
                    #expect(try await rig.publish(Self.message("base/status", "early")) == false)
                    try await rig.connect()
                    #expect(try await rig.publish(Self.message("base/status", "online")))
                    for number in 0..<300 {
                        #expect(try await rig.publish(Self.message("base/c/event", "\(number)", retain: false)))
                    }
                    try await rig.stop(farewell: [
                        Self.message("base/stats", "last"), Self.message("base/status", "offline"),
                    ])
                    #expect(rig.log.states.last == .stopped)
                    try await eventually("all") { recorder.count == 303 }
                    #expect(
                        recorder.messages.map(\.text) == ["online"] + (0..<300).map { "\($0)" } + ["last", "offline"]
                    )
                }
            }
        }
    }

    @Test func aGatewayThatIsKilledLeavesItsWill() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                try await Self.carry(rig)
                try await rig.connect()
                let connect = try #require(broker.packets.first { $0.kind == .connect })
                // Flags: will, will QoS 1, will retain, clean start.
                #expect(connect.body[7] == 0b0010_1110)
                #expect(String(decoding: connect.body, as: UTF8.self).contains("offline"))
            }
            try await eventually("a proper goodbye") { broker.count(.disconnect) == 1 }
        }
    }

    @Test func aFarewellThatIsNotAcknowledgedLeavesTheWordToTheWill() async throws {
        try await withFakeBroker(
            answer: { packet in packet.kind == .publish ? [] : FakeBroker.friendly(packet) }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                try await Self.carry(rig)
                try await rig.connect()
                try await rig.stop(farewell: [Self.message("base/status", "offline")], within: .milliseconds(200))
                try await eventually("the end") { broker.closedConnections == 1 }
                #expect(broker.count(.publish) == 1)
                #expect(broker.count(.disconnect) == 0)
            }
        }
    }

    @Test func aConnectionThatEndsWithoutGoodbyeLeavesTheWordToTheWill() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "base/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    try await Self.carry(rig)
                    try await rig.connect()
                    #expect(try await rig.publish(Self.message("base/status", "online")))
                    try await eventually("online") { recorder.count == 1 }
                    // The broker hangs: the farewell can't be acknowledged.
                    broker.freeze()
                    try await rig.stop(farewell: [Self.message("base/stats", "last")], within: .milliseconds(200))
                    broker.thaw()
                    let will = try await recorder.message(on: "base/status", where: { $0.text == "offline" })
                    #expect(will.qos == 1)
                }
            }
            // It was to be retained.
            try await withMQTTRecorder(of: broker, "base/status") { recorder in
                let kept = try await recorder.message(on: "base/status")
                #expect(kept.text == "offline" && kept.isRetained)
            }
        }
    }

    @Test func theFarewellArrivesEvenWhenSourcesPause() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "base/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    try await Self.carry(rig)
                    _ = try await rig.source("feed/a", qos: 1)
                    try await rig.connect()
                    try await rig.onLoop { $0.receivers[0].source.pause() }
                    try await rig.stop(farewell: [Self.message("base/status", "offline")])
                    try await eventually("the farewell") { recorder.messages.map(\.text) == ["offline"] }
                }
            }
        }
    }

    @Test func sinksDrainAfterTheSourcesStopped() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("feed/in", qos: 1)
                let sink = try await rig.sink("feed/out", qos: 1)
                try await rig.connect()
                try await rig.onLoop { $0.receivers[0].source.stop {} }
                try await rig.feed(sink.index, (0..<1_000).map { "\($0)" })
                try await eventually("the sink to drain") { sink.log.settled == 1_000 }
                let promise = rig.eventLoop.makePromise(of: Void.self)
                try await rig.onLoop { $0.feeders[0].sink.stop { promise.succeed() } }
                try await promise.futureResult.get()
                #expect(source.log.count == 0)
            }
        }
    }

    @Test func eventsUnderWayOutliveTheConnection() async throws {
        try await withFakeBroker(
            answer: { packet in
                // The first connection's publishes are never acknowledged.
                packet.kind == .publish ? [] : FakeBroker.friendly(packet)
            }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                _ = try await rig.publish(Self.message("base/state", "old", retain: true))
                _ = try await rig.publish(Self.message("base/event", "once", retain: false))
                try await eventually("both to leave") { broker.count(.publish) == 2 }
                try await broker.closeConnection()
                try await rig.connected(times: 2)
                try await eventually("the event again") { broker.count(.publish) == 3 }
                let last = try #require(broker.packets.last { $0.kind == .publish })
                #expect(String(decoding: last.body, as: UTF8.self).hasSuffix("once"))
            }
        }
    }

    @Test func aStatusTopicThatIsNoneIsSaidAndCostsNothingElse() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "base/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    try await rig.connect()
                    _ = try await rig.publish(Self.message("base/a\0b", "cut"))
                    _ = try await rig.publish(Self.message("base/ok", "whole"))
                    try await eventually("the other one") { recorder.count == 1 }
                    #expect(recorder.messages.map(\.topic) == ["base/ok"])
                    #expect(rig.lines.contains("holds a NUL"))
                }
            }
        }
    }
}
