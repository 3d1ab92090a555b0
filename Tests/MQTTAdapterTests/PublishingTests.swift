import BridgeCore
import NIOCore
import TestSupport
import Testing

@Suite struct PublishingTests {
    static let versions: [BrokerConfiguration.ProtocolVersion] = [.v5, .v311]

    @Test(arguments: versions, [0, 1, 2])
    func messagesArriveWholeAndInOrder(version: BrokerConfiguration.ProtocolVersion, qos: Int) async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "feed/#") { recorder in
                try await withRig(port: broker.port, version: version) { rig in
                    let sink = try await rig.sink("feed/a", qos: qos)
                    try await rig.connect()
                    let texts = (0..<3_000).map { "message \($0)" }
                    try await rig.feed(sink.index, texts)
                    try await eventually("all to be settled") { sink.log.settled == 3_000 }
                    #expect(sink.log.outcomes.allSatisfy { $0 == .delivered })
                    try await eventually("all to arrive") { recorder.count == 3_000 }
                    #expect(recorder.messages.map(\.text) == texts)
                    #expect(Set(recorder.messages.map(\.topic)) == ["feed/a"])
                }
            }
        }
    }

    @Test func topicsComeFromTheMessagesAndInvalidOnesAreDroppedInOrder() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "feed/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    let sink = try await rig.sink("feed/{route}/{$.symbol}", qos: 1, route: "trades")
                    try await rig.connect()
                    try await rig.feed(
                        sink.index,
                        [
                            #"{"symbol":"EUR"}"#, #"{"symbol":"a/b"}"#, #"{"symbol":"USD"}"#, "no JSON",
                            #"{"symbol":"a\u0000b"}"#, ##"{"symbol":"#"}"##, #"{"symbol":"CHF"}"#,
                        ]
                    )
                    try await eventually("all to be settled") { sink.log.settled == 7 }
                    #expect(
                        sink.log.outcomes == [
                            .delivered, .dropped(.topicInvalid), .delivered, .dropped(.topicFieldMissing),
                            .dropped(.topicInvalid), .dropped(.topicInvalid), .delivered,
                        ]
                    )
                    try await eventually("three to arrive") { recorder.count == 3 }
                    #expect(
                        recorder.messages.map(\.topic) == ["feed/trades/EUR", "feed/trades/USD", "feed/trades/CHF"]
                    )
                }
            }
        }
    }

    @Test("S8: a feed can't fill the broker with retained topics")
    func s8RetainedTopicsAreLimited() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port) { rig in
                let retained = try await rig.sink("kept/{$.n}", qos: 0, retain: true)
                let passing = try await rig.sink("passing/{$.n}", qos: 0)
                try await rig.connect()
                let limit = TopicCardinality.defaultLimit
                // One topic too many, twice, and then a known one.
                let texts = ((0...limit).map { "\($0)" } + ["\(limit)", "0"]).map { #"{"n":\#($0)}"# }
                try await rig.feed(retained.index, texts)
                try await rig.feed(passing.index, texts)
                try await eventually("all to be settled") {
                    retained.log.settled == texts.count && passing.log.settled == texts.count
                }
                #expect(
                    retained.log.outcomes[limit...] == [.dropped(.topicInvalid), .dropped(.topicInvalid), .delivered]
                )
                #expect(retained.log.outcomes[..<limit].allSatisfy { $0 == .delivered })
                #expect(passing.log.outcomes.allSatisfy { $0 == .delivered })
                #expect(rig.lines.lines.count { $0.contains("10000 topics hold a retained message") } == 1)
            }
        }
    }

    @Test func textRetainAndExpiryAreDeclared() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port) { rig in
                let sink = try await rig.sink("feed/a", qos: 1, retain: true, expiry: .seconds(300))
                try await rig.connect()
                try await rig.feed(sink.index, [Feeder.Message(payload: Array("text".utf8), kind: .text)])
                try await eventually("it to be settled") { sink.log.settled == 1 }
            }
            try await withMQTTRecorder(of: broker, "feed/#") { recorder in
                let message = try await recorder.message(on: "feed/a")
                #expect(message.isRetained)
                #expect(message.isDeclaredText)
                #expect((240...300).contains(message.expiry ?? 0))
            }
        }
    }

    @Test(arguments: versions)
    func sixteenMebibytesPass(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "feed/#") { recorder in
                try await withRig(port: broker.port, version: version) { rig in
                    let sink = try await rig.sink("feed/a", qos: 1)
                    try await rig.connect()
                    var payload = [UInt8](repeating: 7, count: 16 << 20)
                    payload[payload.count - 1] = 9
                    try await rig.feed(
                        sink.index,
                        [Feeder.Message(payload: []), Feeder.Message(payload: payload), Feeder.Message(payload: [1])]
                    )
                    try await eventually("all to be settled", within: .seconds(60)) { sink.log.settled == 3 }
                    try await eventually("all to arrive", within: .seconds(60)) { recorder.count == 3 }
                    #expect(recorder.messages.map(\.payload.count) == [0, 16 << 20, 1])
                    #expect(recorder.messages[1].payload == payload)
                }
            }
        }
    }

    @Test func severalSinksShareAConnectionAndKeepTheirOrder() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "feed/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    let sinks = [
                        try await rig.sink("feed/0", qos: 0), try await rig.sink("feed/1", qos: 1),
                        try await rig.sink("feed/2", qos: 2), try await rig.sink("feed/3", qos: 1),
                    ]
                    try await rig.connect()
                    for sink in sinks { try await rig.feed(sink.index, (0..<2_000).map { "\($0)" }) }
                    try await eventually("all to arrive") { recorder.count == 8_000 }
                    for sink in sinks {
                        let texts = recorder.messages.filter { $0.topic == "feed/\(sink.index)" }.map(\.text)
                        #expect(texts == (0..<2_000).map { "\($0)" })
                        try await eventually("sink \(sink.index) to be settled") { sink.log.settled == 2_000 }
                    }
                }
            }
        }
    }

    @Test func whatASinkTakesAheadIsBounded() async throws {
        // A server that acknowledges nothing.
        try await withFakeBroker(
            answer: { packet in packet.kind == .publish ? [] : FakeBroker.friendly(packet) }
        ) { broker in
            try await withRig(port: broker.port, { $0.maxInflight = 7 }) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                let large = try await rig.sink("feed/b", qos: 0)
                let lasting = try await rig.sink("feed/c", qos: 1)
                try await rig.connect()
                try await rig.feed(sink.index, (0..<20_000).map { "\($0)" })
                try await eventually("the window to fill") { broker.count(.publish) == 7 }
                // One message larger than the bound is taken, and nothing more beside it.
                let payload = [UInt8](repeating: 1, count: 3 << 20)
                try await rig.feed(large.index, [Feeder.Message](repeating: .init(payload: payload), count: 5))
                try await eventually("the large ones to leave") { large.log.settled == 5 }
                #expect(large.log.largestFlight == 1)
                // Those behind it are needed to tell which one a broker won't have.
                try await rig.feed(lasting.index, [Feeder.Message](repeating: .init(payload: payload), count: 12))
                #expect(lasting.log.largestFlight == 8)
                #expect(sink.log.largestFlight <= 4096 + 7)
                #expect(sink.log.settled == 0)
                #expect(broker.packets.count { $0.kind == .publish && $0.qos == 1 } == 7)
            }
        }
    }

    @Test func theServersReceiveMaximumNarrowsTheWindow() async throws {
        try await withFakeBroker(
            answer: { packet in
                switch packet.kind {
                case .connect: FakeBroker.connack(5, properties: [0x21, 0, 3])
                case .publish: []
                default: FakeBroker.friendly(packet)
                }
            }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                try await rig.feed(sink.index, (0..<50).map { "\($0)" })
                try await eventually("the window to fill") { broker.count(.publish) == 3 }
                // The acknowledgement of the second comes first: it is not settled before the first.
                let sent = broker.packets.filter { $0.kind == .publish }
                try await broker.send(FakeBroker.packet(0x40, sent[1].identifier))
                try await eventually("the next to leave") { broker.count(.publish) == 4 }
                #expect(sink.log.settled == 0)
                try await broker.send(FakeBroker.packet(0x40, sent[0].identifier))
                try await eventually("two to be settled") { sink.log.settled == 2 }
            }
        }
    }

    @Test func whatTheServerRefusesIsDroppedAndSaidOnce() async throws {
        try await withFakeBroker(
            answer: { packet in
                guard packet.kind == .publish else { return FakeBroker.friendly(packet) }
                switch packet.body.last {
                case UInt8(ascii: "x"): return FakeBroker.packet(0x40, packet.identifier + [0x97, 0])
                case UInt8(ascii: "n"): return FakeBroker.packet(0x40, packet.identifier + [0x10, 0])
                default: return FakeBroker.packet(0x40, packet.identifier)
                }
            }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                try await rig.feed(sink.index, ["a", "x", "n", "x"])
                try await eventually("all to be settled") { sink.log.settled == 4 }
                #expect(sink.log.outcomes == [.delivered, .dropped(.refused), .delivered, .dropped(.refused)])
                #expect(rig.lines.lines.count { $0.contains("quota exceeded") } == 1)
            }
        }
    }

    @Test func whatIsLargerThanTheServerAcceptsIsDroppedAsTooLarge() async throws {
        try await withMosquittoBroker("max_packet_size 2000") { broker in
            try await withRig(port: broker.port) { rig in
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                try await rig.feed(
                    sink.index,
                    [1, 5_000, 2].map { Feeder.Message(payload: [UInt8](repeating: 0, count: $0)) }
                )
                try await eventually("all to be settled") { sink.log.settled == 3 }
                #expect(sink.log.outcomes == [.delivered, .dropped(.tooLarge), .delivered])
            }
        }
    }
}
