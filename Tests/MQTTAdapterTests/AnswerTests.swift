import BridgeCore
import MQTTAdapter
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// Answers to requests: what they carry, and that those which don't get there are counted.
@Suite struct AnswerTests {
    private static func answer(
        _ payload: [UInt8],
        _ kind: AnswerProperties.Kind = .reply,
        isText: Bool = false,
        qos: Int = 1,
        topic: String = "replies/a"
    ) -> StatusMessage {
        var message = StatusMessage(topic: topic, payload: ByteBuffer(bytes: payload), qos: qos, retain: false)
        message.answer = AnswerProperties(kind, isText: isText, correlation: [1, 0])
        return message
    }

    private func respond(_ rig: Rig, _ message: StatusMessage) async throws -> Bool {
        try await rig.onLoop { $0.broker.respond(message) }
    }

    private func losses(_ rig: Rig) -> Int { rig.log.lostAnswers.withLockedValue { $0 } }

    @Test func aReplyIsToldFromOurOwnWords() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "replies/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    try await rig.connect()
                    #expect(try await respond(rig, Self.answer([0, 0xff])))
                    #expect(try await respond(rig, Self.answer([0x61], isText: true)))
                    #expect(try await respond(rig, Self.answer([0x62], .dropped, isText: true)))
                    try await eventually("all") { recorder.count == 3 }
                    let messages = recorder.messages
                    #expect(messages.map(\.payload) == [[0, 0xff], [0x61], [0x62]])
                    #expect(messages.map(\.isDeclaredText) == [false, true, true])
                    #expect(messages.flatMap(\.userProperties).map(\.value) == ["reply", "reply", "dropped"])
                    #expect(messages.allSatisfy { $0.userProperties.map(\.name) == ["wsbridge-answer"] })
                    #expect(messages.allSatisfy { $0.correlation == [1, 0] })
                    #expect(losses(rig) == 0)
                }
            }
        }
    }

    /// At QoS 0 nobody acknowledges: what the library still held when the connection ended is lost for sure.
    @Test func whatHadNotLeftAtQoS0IsCounted() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                broker.freeze()
                // More than any socket buffer holds.
                #expect(try await respond(rig, Self.answer([UInt8](repeating: 0, count: 24 << 20), qos: 0)))
                // It is alone, as long as it is under way.
                #expect(try await respond(rig, Self.answer([1], qos: 0)) == false)
                #expect(losses(rig) == 0)
                await broker.crash()
                try await eventually("the loss to be counted") { losses(rig) == 1 }
            }
        }
    }

    @Test func answersUnderWayAreBoundedInBytes() async throws {
        try await withFakeBroker(
            answer: { packet in packet.kind == .publish ? [] : FakeBroker.friendly(packet) }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                let quarter = Self.answer([UInt8](repeating: 0, count: 1 << 20))
                for _ in 0..<4 { #expect(try await respond(rig, quarter)) }
                #expect(try await respond(rig, quarter) == false)
                #expect(try await rig.publish(StatusTests.message("base/status", "online")), "status has room")
                #expect(losses(rig) == 0, "whoever offers it counts what isn't taken")
            }
        }
    }

    @Test func whatTheServerRefusesIsCounted() async throws {
        try await withFakeBroker(
            answer: { packet in
                packet.kind == .publish
                    ? FakeBroker.packet(0x40, packet.identifier + [0x87]) : FakeBroker.friendly(packet)
            }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                #expect(try await rig.publish(StatusTests.message("base/status", "online")))
                #expect(try await respond(rig, Self.answer([1])))
                try await eventually("the refusal") { losses(rig) == 1 }
                #expect(rig.lines.contains("the server refused an answer: not authorised"))
            }
        }
    }

    @Test func whatIsLargerThanTheServerTakesIsCounted() async throws {
        try await withFakeBroker(
            answer: { packet in
                // Maximum packet size 1,000.
                packet.kind == .connect
                    ? FakeBroker.connack(packet.version, properties: [0x27, 0, 0, 3, 0xE8])
                    : FakeBroker.friendly(packet)
            }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                #expect(try await respond(rig, Self.answer([UInt8](repeating: 0, count: 2000))))
                try await eventually("the loss") { losses(rig) == 1 }
                #expect(try await respond(rig, Self.answer([1])))
                try await eventually("a smaller one") { broker.count(.publish) == 1 }
            }
        }
    }
}
