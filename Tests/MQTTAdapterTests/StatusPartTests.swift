import BridgeCore
import MQTTAdapter
import NIOCore
import TestSupport
import Testing

/// What a broker won't have of the gateway's status must not shut out data.
@Suite struct StatusPartTests {
    /// At QoS 0 what is written is not answered.
    static let status = [
        StatusTests.message("base/status", "online"), StatusTests.message("base/c/last_sent", "{}", qos: 0),
        StatusTests.message("base/c/state", "established"),
    ]

    /// A rig that carries status and one data message, once the message is delivered.
    static func delivering(
        _ broker: FakeBroker,
        version: BrokerConfiguration.ProtocolVersion,
        retain: Bool = false,
        _ body: (Rig) async throws -> Void
    ) async throws {
        try await withRig(port: broker.port, version: version) { rig in
            let sink = try await rig.sink("feed/a", qos: 1, retain: retain)
            try await carry(rig)
            try await rig.start()
            try await rig.feed(sink.index, ["data"])
            try await eventually("the data; \(rig.log.reasons)", within: .seconds(60)) {
                sink.log.outcomes == [.delivered]
            }
            try await body(rig)
        }
    }

    static func carry(_ rig: Rig) async throws {
        try await StatusTests.carry(rig)
        try await rig.republishAtEachConnect(status)
    }

    @Test func aBrokerWithoutRetainGetsEverythingUnretained() async throws {
        try await withFakeBroker(
            answer: { packet in
                guard packet.kind == .connect else { return FakeBroker.friendly(packet) }
                // Retain Available: 0.
                return packet.hasRetainedWill
                    ? FakeBroker.connack(5, code: 0x9A) : FakeBroker.connack(5, properties: [0x25, 0])
            },
            hangingUp: { $0.kind == .connect && $0.hasRetainedWill }
        ) { broker in
            try await Self.delivering(broker, version: .v5, retain: true) { rig in
                try await eventually("the status") {
                    broker.packets.contains { $0.kind == .publish && $0.text == "online" }
                }
                let connects = broker.packets.filter { $0.kind == .connect }
                #expect(connects.map(\.hasRetainedWill) == [true, false] && connects.allSatisfy(\.hasWill))
                #expect(broker.packets.filter { $0.kind == .publish }.allSatisfy { !$0.isRetained })
                #expect(rig.lines.lines.count { $0.contains("keeps no retained messages") } == 1)
            }
        }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func aBrokerThatClosesAtTheWillIsConnectedToWithoutIt(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withFakeBroker(
            answer: { $0.kind == .connect && $0.hasWill ? [] : FakeBroker.friendly($0) },
            hangingUp: { $0.kind == .connect && $0.hasWill }
        ) { broker in
            try await Self.delivering(broker, version: version) { rig in
                // Three as ever, one with the will unretained, then one without it.
                let connects = broker.packets.filter { $0.kind == .connect }
                #expect(connects.prefix(4).allSatisfy { $0.hasWill })
                #expect(connects.contains { $0.hasWill && !$0.hasRetainedWill } && connects.contains { !$0.hasWill })
                try await eventually("the words", within: .seconds(60)) {
                    rig.lines.contains("refuses the connection for its last will") && rig.lines.contains("mqtt: none")
                }
                try await eventually("the status") {
                    broker.packets.contains { $0.kind == .publish && $0.text == "online" && $0.isRetained }
                }
            }
        }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func aBrokerThatClosesAtTheCommandsIsConnectedToWithoutThem(
        version: BrokerConfiguration.ProtocolVersion
    ) async throws {
        let isCommands: @Sendable (FakeBroker.Packet) -> Bool = {
            $0.kind == .subscribe && $0.topic == "base/+/command/#"
        }
        try await withFakeBroker(answer: { isCommands($0) ? [] : FakeBroker.friendly($0) }, hangingUp: isCommands) {
            broker in
            try await Self.delivering(broker, version: version) { rig in
                try await eventually("the words", within: .seconds(60)) {
                    rig.lines.contains("at the subscription to commands") && rig.lines.contains("mqtt: none")
                }
                #expect(broker.count(.subscribe) == 4)
            }
        }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func aBrokerThatClosesAtASourceServesTheOthers(version: BrokerConfiguration.ProtocolVersion) async throws {
        let isForbidden: @Sendable (FakeBroker.Packet) -> Bool = { $0.kind == .subscribe && $0.topic == "secret/#" }
        try await withFakeBroker(answer: { isForbidden($0) ? [] : FakeBroker.friendly($0) }, hangingUp: isForbidden) {
            broker in
            try await withRig(port: broker.port, version: version) { rig in
                _ = try await rig.source("open/#", qos: 1)
                _ = try await rig.source("secret/#", qos: 1)
                let last = try await rig.source("other/#", qos: 1)
                try await Self.carry(rig)
                try await rig.start()
                try await eventually("the words; \(rig.lines.lines)", within: .seconds(60)) {
                    rig.lines.contains("at the subscription to secret/#: it goes on without")
                }
                try await eventually("the others") {
                    // The connection may just be a new one.
                    try? await broker.send(
                        FakeBroker.publish("other/a", [97], qos: 0, version: version == .v5 ? 5 : 4)
                    )
                    return last.log.texts.first == "a"
                }
                #expect(!rig.lines.contains("subscription to commands"))
            }
        }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func aBrokerThatClosesAtTheStatusTopicsGetsDataAlone(version: BrokerConfiguration.ProtocolVersion) async throws {
        let isStatus: @Sendable (FakeBroker.Packet) -> Bool = {
            $0.kind == .publish && $0.topic.hasPrefix("base/")
        }
        try await withFakeBroker(answer: { isStatus($0) ? [] : FakeBroker.friendly($0) }, hangingUp: isStatus) {
            broker in
            try await Self.delivering(broker, version: version) { rig in
                try await eventually("the words", within: .seconds(60)) {
                    rig.lines.contains("the server ends the connection at the status topics")
                }
                try await eventually("the connection without them; \(rig.log.states)") {
                    rig.log.states.last == .connected && broker.closedConnections == broker.count(.connect) - 1
                }
                let connection = broker.count(.connect)
                #expect(try await rig.publish(StatusTests.message("base/stats", "{}")))
                #expect(broker.packets.filter { $0.connection == connection && $0.kind == .publish }.isEmpty)
                #expect(rig.lines.contains("mqtt: none"))
            }
        }
    }

    @Test func aBrokerThatEndsEveryConnectionForAWhileGetsItsStatusAllTheSame() async throws {
        // It heals just when the gateway tries without status for the first time.
        try await withFakeBroker(
            answer: { $0.connection <= 3 && $0.kind == .publish ? [] : FakeBroker.friendly($0) },
            hangingUp: { $0.kind == .publish && $0.connection <= 3 }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                try await Self.carry(rig)
                try await rig.start()
                try await eventually("the status", within: .seconds(60)) {
                    broker.packets.contains { $0.kind == .publish && $0.connection > 3 && $0.text == "established" }
                }
                #expect(!rig.lines.contains("not published any more"))
            }
        }
    }

    @Test func aRefusedCommandSubscriptionIsAWarning() async throws {
        try await withFakeBroker(
            answer: { packet in
                packet.kind == .subscribe
                    ? FakeBroker.packet(0x90, packet.identifier + [0, 0x87]) : FakeBroker.friendly(packet)
            }
        ) { broker in
            try await Self.delivering(broker, version: .v5) { rig in
                let lines = rig.lines.lines.filter { $0.contains("refused the subscription") }
                #expect(
                    lines == [
                        "warning the server refused the subscription to base/+/command/#: not authorised; "
                            + "commands don't come from this broker"
                    ]
                )
                #expect(broker.count(.connect) == 1)
            }
        }
    }

    @Test func aServerThatClosesBeforeCONNACKMayNotSpeakMQTT5() async throws {
        try await withFakeBroker(answer: { _ in [] }, hangingUp: { $0.kind == .connect }) { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.start()
                _ = try await rig.failure(containing: "It may not speak MQTT 5: try protocol_version: \"3.1.1\"")
            }
            try await withRig(port: broker.port, version: .v311) { rig in
                try await rig.start()
                let reason = try await rig.failure(containing: "before CONNACK")
                #expect(!reason.contains("MQTT 5"))
            }
        }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311])
    func mosquittoWithoutRetainGetsDataAndStatus(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withMosquittoBroker("retain_available false") { broker in
            try await withMQTTRecorder(of: broker, "#") { recorder in
                try await withRig(port: broker.port, version: version) { rig in
                    let sink = try await rig.sink("feed/a", qos: 1, retain: true)
                    try await Self.carry(rig)
                    try await rig.start()
                    try await rig.feed(sink.index, ["data"])
                    try await eventually("the data; \(rig.log.reasons)", within: .seconds(60)) {
                        sink.log.outcomes == [.delivered]
                    }
                    try await eventually("the status; \(recorder.messages.map(\.topic))", within: .seconds(30)) {
                        Set(recorder.messages.map(\.topic)) == Set(Self.status.map(\.topic) + ["feed/a"])
                    }
                    try await eventually("the words", within: .seconds(30)) {
                        rig.lines.contains("keeps no retained messages")
                    }
                }
            }
        }
    }

    @Test func mosquittoThatHangsUpOverASizeLosesOnlyThatMessage() async throws {
        try await withMosquittoBroker("max_packet_size 1000") { broker in
            try await withMQTTRecorder(of: broker, "feed/#") { recorder in
                try await withRig(port: broker.port, version: .v311) { rig in
                    let sink = try await rig.sink("feed/a", qos: 1)
                    try await Self.carry(rig)
                    try await rig.connect()
                    try await rig.feed(sink.index, ["a", String(repeating: "x", count: 2_000), "b", "c"])
                    try await eventually("all to be settled", within: .seconds(60)) { sink.log.settled == 4 }
                    #expect(sink.log.outcomes == [.delivered, .dropped(.refused), .delivered, .delivered])
                    try await eventually("the rest") { recorder.messages.map(\.text).suffix(2) == ["b", "c"] }
                    #expect(rig.lines.contains("over a message of 2000 bytes on feed/a"))
                }
            }
        }
    }
}
