import BridgeCore
import MQTTAdapter
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// A broker that answers a PUBLISH by hanging up.
@Suite struct PoisonTests {
    /// Answers everything but messages whose text `isPoison`.
    static func refusing(_ isPoison: @escaping @Sendable (String) -> Bool) -> FakeBroker.Answer {
        { packet in packet.kind == .publish && isPoison(packet.text) ? [] : FakeBroker.friendly(packet) }
    }

    static func hangingUp(_ isPoison: @escaping @Sendable (String) -> Bool) -> FakeBroker.HangUp {
        { packet in packet.kind == .publish && isPoison(packet.text) }
    }

    /// The texts that came, each where it came first.
    static func firsts(_ broker: FakeBroker) -> [String] {
        var seen: Set<String> = []
        return broker.packets.filter { $0.kind == .publish }.map(\.text).filter { seen.insert($0).inserted }
    }

    static func sends(_ text: String, _ broker: FakeBroker) -> [FakeBroker.Packet] {
        broker.packets.filter { $0.kind == .publish && $0.text == text }
    }

    @Test(arguments: [BrokerConfiguration.ProtocolVersion.v5, .v311], [0, 3, 9])
    func aPoisonIsGivenUpAndTheRestArrivesInOrder(version: BrokerConfiguration.ProtocolVersion, at place: Int)
        async throws
    {
        let isPoison: @Sendable (String) -> Bool = { $0 == "poison" }
        try await withFakeBroker(answer: Self.refusing(isPoison), hangingUp: Self.hangingUp(isPoison)) { broker in
            try await withRig(port: broker.port, version: version) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                let good = (0..<9).map { "\($0)" }
                try await rig.feed(sink.index, good[..<place] + ["poison"] + good[place...])
                try await eventually("all to be settled; \(sink.log.outcomes)", within: .seconds(60)) {
                    sink.log.settled == 10
                }
                var outcomes = Array(repeating: Outcome.delivered, count: 10)
                outcomes[place] = .dropped(.refused)
                #expect(sink.log.outcomes == outcomes)
                #expect(Self.firsts(broker).filter { $0 != "poison" } == good)
                #expect(Self.sends("poison", broker).count <= 6)
                let words = "over a message of 6 bytes on feed/a: it is given up as refused"
                #expect(rig.lines.lines.count { $0.contains(words) } == 1)
            }
        }
    }

    /// Whether the broker keeps retained messages is in question too, and must not make it forget the poison.
    @Test func aPoisonAtTheHeadOfARetainingSinkIsGivenUp() async throws {
        let isPoison: @Sendable (String) -> Bool = { $0 == "poison" }
        try await withFakeBroker(answer: Self.refusing(isPoison), hangingUp: Self.hangingUp(isPoison)) { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                let sink = try await rig.sink("feed/a", qos: 1, retain: true)
                try await rig.connect()
                try await rig.feed(sink.index, ["poison", "a", "b"])
                try await eventually("all to be settled; \(rig.lines.lines)", within: .seconds(90)) {
                    sink.log.settled == 3
                }
                #expect(sink.log.outcomes == [.dropped(.refused), .delivered, .delivered])
                let others = broker.packets.filter { $0.kind == .publish && $0.text != "poison" }
                #expect(others.suffix(2).allSatisfy { $0.isRetained })
                // Each end was without DISCONNECT: had the gateway ended there too, its will would have said so.
                #expect(broker.count(.disconnect) == 0)
            }
        }
    }

    @Test func aPoisonBesideAMessageThatCannotBePublishedIsGivenUp() async throws {
        let isPoison: @Sendable (String) -> Bool = { $0.contains("poison") }
        try await withFakeBroker(answer: Self.refusing(isPoison), hangingUp: Self.hangingUp(isPoison)) { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                let sink = try await rig.sink("feed/{$.s}", qos: 1)
                let other = try await rig.sink("other", qos: 1)
                try await rig.connect()
                let good = #"{"s":"x","v":1}"#
                try await rig.feed(
                    sink.index,
                    [#"{"s":"x","v":"poison 1"}"#, #"{"v":2}"#, #"{"s":"x","v":"poison 2"}"#, good]
                )
                try await rig.feed(other.index, ["beside it"])
                try await eventually("all to be settled; \(rig.lines.lines)", within: .seconds(120)) {
                    sink.log.settled == 4 && other.log.settled == 1
                }
                #expect(
                    sink.log.outcomes
                        == [.dropped(.refused), .dropped(.topicFieldMissing), .dropped(.refused), .delivered]
                )
                #expect(other.log.outcomes == [.delivered])
            }
        }
    }

    @Test func severalPoisonsInARowAreGivenUp() async throws {
        let isPoison: @Sendable (String) -> Bool = { $0.hasPrefix("poison") }
        try await withFakeBroker(answer: Self.refusing(isPoison), hangingUp: Self.hangingUp(isPoison)) { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                try await rig.feed(sink.index, ["a", "poison 1", "poison 2", "b", "c"])
                try await eventually("all to be settled", within: .seconds(120)) { sink.log.settled == 5 }
                #expect(
                    sink.log.outcomes
                        == [.delivered, .dropped(.refused), .dropped(.refused), .delivered, .delivered]
                )
            }
        }
    }

    @Test func aPoisonThatIsAloneIsToldFromABrokerThatIsAwayByAPing() async throws {
        let isPoison: @Sendable (String) -> Bool = { $0 == "poison" }
        try await withFakeBroker(answer: Self.refusing(isPoison), hangingUp: Self.hangingUp(isPoison)) { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                try await rig.feed(sink.index, ["poison"])
                try await eventually("it to be settled", within: .seconds(60)) { sink.log.settled == 1 }
                #expect(sink.log.outcomes == [.dropped(.refused)])
                let alone = try #require(broker.packets.last { $0.kind == .publish }?.connection)
                let pinged = broker.packets.filter { $0.kind == .pingreq }.map(\.connection)
                #expect(!pinged.isEmpty && pinged.contains { $0 < alone })
                #expect(Self.sends("poison", broker).count == 5)
            }
        }
    }

    @Test(arguments: [0x95, 0x99, 0x97, 0x87] as [UInt8])
    func afterTheBrokersOwnWordsItIsSentAloneAtOnceAndThreeTimesInAll(code: UInt8) async throws {
        try await withFakeBroker(
            answer: { packet in
                packet.kind == .publish && packet.text == "poison"
                    ? FakeBroker.packet(0xE0, [code, 0]) : FakeBroker.friendly(packet)
            },
            hangingUp: Self.hangingUp { $0 == "poison" }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                let begin = NIODeadline.now()
                try await rig.connect()
                try await rig.feed(sink.index, ["poison", "a", "b"])
                try await eventually("all to be settled", within: .seconds(30)) { sink.log.settled == 3 }
                #expect(sink.log.outcomes == [.dropped(.refused), .delivered, .delivered])
                let sends = Self.sends("poison", broker)
                #expect(sends.count <= 3)
                // The second time it was alone on its connection.
                #expect(broker.packets.filter { $0.kind == .publish && $0.connection == 2 }.map(\.text) == ["poison"])
                // No slow lane: that alone would have been 30 s.
                for case .backoff(let reason, let next) in rig.log.states {
                    #expect(next - begin < .seconds(30), "\(reason)")
                }
            }
        }
    }

    @Test func muchStatusBesideItMakesItNoMoreSends() async throws {
        try await withFakeBroker(
            answer: { packet in
                packet.kind == .publish && packet.text == "poison"
                    ? FakeBroker.packet(0xE0, [0x95, 0]) : FakeBroker.friendly(packet)
            },
            hangingUp: Self.hangingUp { $0 == "poison" }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await StatusTests.carry(rig)
                try await rig.republishAtEachConnect((0..<50).map { StatusTests.message("base/\($0)", "status") })
                try await rig.start()
                try await rig.feed(sink.index, ["poison", "a", "b"])
                try await eventually("all to be settled", within: .seconds(30)) { sink.log.settled == 3 }
                #expect(sink.log.outcomes == [.dropped(.refused), .delivered, .delivered])
                #expect(Self.sends("poison", broker).count <= 3)
                #expect(!rig.lines.contains("not published any more"))
                #expect(rig.log.refusedStatus.withLockedValue { $0 } == 0)
            }
        }
    }

    @Test func aBrokerThatRefusesEveryMessageForAWhileCostsNone() async throws {
        let isClosed = NIOLockedValueBox(true)
        let isPoison: @Sendable (String) -> Bool = { _ in isClosed.withLockedValue { $0 } }
        try await withFakeBroker(answer: Self.refusing(isPoison), hangingUp: Self.hangingUp(isPoison)) { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                try await rig.feed(sink.index, ["a", "b", "c"])
                try await eventually("many attempts", within: .seconds(120)) { broker.count(.connect) >= 9 }
                isClosed.withLockedValue { $0 = false }
                try await eventually("all to be settled", within: .seconds(60)) { sink.log.settled == 3 }
                #expect(sink.log.outcomes == [.delivered, .delivered, .delivered])
            }
        }
    }

    /// A broker that won't have data, but answers status, has no word against any one message.
    @Test func dataThatIsRefusedAltogetherIsKeptThoughStatusIsAnswered() async throws {
        let isClosed = NIOLockedValueBox(true)
        let isPoison: @Sendable (String) -> Bool = { text in
            text.hasPrefix("data") && isClosed.withLockedValue { $0 }
        }
        try await withFakeBroker(answer: Self.refusing(isPoison), hangingUp: Self.hangingUp(isPoison)) { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                let other = try await rig.sink("feed/b", qos: 1)
                try await rig.republishAtEachConnect(
                    (0..<8).map { StatusTests.message("base/\($0)", "status \($0)") }
                )
                try await StatusTests.carry(rig)
                try await rig.connect()
                try await rig.feed(sink.index, (0..<5).map { "data \($0)" })
                try await rig.feed(other.index, ["data of another"])
                try await eventually("many attempts", within: .seconds(120)) { broker.count(.connect) >= 12 }
                isClosed.withLockedValue { $0 = false }
                try await eventually("all to be settled", within: .seconds(60)) {
                    sink.log.settled == 5 && other.log.settled == 1
                }
                #expect((sink.log.outcomes + other.log.outcomes).allSatisfy { $0 == .delivered })
            }
        }
    }

    @Test func aStatusMessageThatIsPoisonCostsOnlyItsTopic() async throws {
        let isPoison: @Sendable (String) -> Bool = { $0.hasPrefix("poison") }
        try await withFakeBroker(answer: Self.refusing(isPoison), hangingUp: Self.hangingUp(isPoison)) { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.republishAtEachConnect([
                    StatusTests.message("base/status", "online"), StatusTests.message("base/c/state", "poison"),
                    StatusTests.message("base/stats", "{}"),
                ])
                try await StatusTests.carry(rig)
                try await rig.connect()
                try await rig.feed(sink.index, ["a"])
                try await eventually("the refusal", within: .seconds(60)) {
                    rig.log.refusedStatus.withLockedValue { $0 } == 1
                }
                try await eventually("the stats behind it", within: .seconds(30)) {
                    Self.firsts(broker).contains("{}") && sink.log.settled == 1
                }
                let connections = broker.count(.connect)
                #expect(try await rig.publish(StatusTests.message("base/c/state", "poison 2")))
                #expect(try await rig.publish(StatusTests.message("base/stats", "{2}")))
                try await eventually("the next stats") { Self.firsts(broker).contains("{2}") }
                #expect(broker.count(.connect) == connections)
                #expect(rig.lines.contains("status: { mqtt: none }"))
            }
        }
    }
}
