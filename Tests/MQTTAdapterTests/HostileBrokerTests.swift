import BridgeCore
import MQTTAdapter
import NIOCore
import TestSupport
import Testing

@Suite("S16: a hostile broker") struct HostileBrokerTests {
    @Test func theLimitIsTold() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                let connect = try #require(broker.packets.first)
                // Maximum packet size, property 0x27: 16 MiB and some.
                let index = try #require(connect.body.firstIndex(of: 0x27))
                #expect(connect.body[index + 1] == 1)
            }
        }
    }

    @Test func anOversizedPacketEndsTheConnection() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("a", qos: 0)
                try await rig.connect()
                // 200 MiB announced; 40 of them are more than enough.
                try await broker.send([0x30, 0x80, 0x80, 0x80, 0x64, 0, 1, 97])
                let chunk = [UInt8](repeating: 0, count: 1 << 20)
                for _ in 0..<40 where broker.closedConnections == 0 { try? await broker.send(chunk) }
                _ = try await rig.failure(containing: "a packet of more than")
                #expect(source.log.count == 0)
            }
        }
    }

    @Test func aLengthOfFiveBytesEndsTheConnection() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                try await broker.send([0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
                try await eventually("the failure") { !rig.log.reasons.isEmpty }
            }
        }
    }

    @Test func aTooLargeMessageOf311IsRejectedAndAcknowledged() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                let source = try await rig.source("a", qos: 1)
                try await rig.connect()
                try await withMQTTClient(of: broker) { client in
                    try await client.publish("a", [UInt8](repeating: 1, count: (16 << 20) + 1))
                    try await client.publish("a", "small")
                }
                try await eventually("the small one", within: .seconds(60)) { source.log.texts == ["small"] }
                #expect(source.log.rejected == [.tooLarge: 1])
                #expect(rig.log.reasons.isEmpty)
            }
        }
    }

    @Test func aTopicThatIsNotUTF8EndsTheConnection() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("#", qos: 1)
                try await rig.connect()
                try await broker.send(FakeBroker.publish([97, 0xC3, 0x28], [1], qos: 1, identifier: 1))
                try await eventually("the failure") { !rig.log.reasons.isEmpty }
                #expect(source.log.count == 0)
            }
        }
    }

    @Test func aTopicWithAWildcardOrNULNeverReachesARoute() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("#", qos: 0)
                try await rig.connect()
                try await broker.send(FakeBroker.publish("a/+", [1], qos: 0))
                try await broker.send(FakeBroker.publish("a/#", [1], qos: 0))
                try await broker.send(FakeBroker.publish("fine", [2], qos: 0))
                try await eventually("the fine one") { source.log.count == 1 }
                #expect(source.log.messages.map(\.topic) == ["fine"])
                #expect(source.log.rejected == [.topicInvalid: 2])
                try await broker.send(FakeBroker.publish([97, 0, 98], [1], qos: 0))
                try await eventually("the end, or a rejection") {
                    !rig.log.reasons.isEmpty || source.log.rejected == [.topicInvalid: 3]
                }
                #expect(source.log.count == 1)
            }
        }
    }

    @Test func aForeignClientIDIsRefused() async throws {
        try await withFakeBroker(
            answer: { packet in
                guard packet.kind == .connect else { return FakeBroker.friendly(packet) }
                return FakeBroker.connack(5, properties: [0x12, 0, 5] + Array("other".utf8))
            }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.start()
                try await eventually("the failure") { !rig.log.reasons.isEmpty }
                #expect(!rig.log.states.contains(.connected))
            }
        }
    }

    @Test func aServerThatStopsAnsweringIsGivenUp() async throws {
        try await withFakeBroker(
            answer: { packet in
                switch packet.kind {
                // A keep-alive of one second, by the server's wish.
                case .connect: FakeBroker.connack(5, properties: [0x13, 0, 1])
                case .pingreq: []
                default: FakeBroker.friendly(packet)
                }
            }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.connect()
                _ = try await rig.failure(containing: "did not answer within the keep-alive")
                try await eventually("the ping that was not answered") { broker.count(.pingreq) >= 1 }
            }
        }
    }

    @Test func pingsGoOnWhileReadingIsPausedAndNobodyIsGivenUp() async throws {
        try await withFakeBroker(
            answer: { packet in
                packet.kind == .connect ? FakeBroker.connack(5, properties: [0x13, 0, 1]) : FakeBroker.friendly(packet)
            }
        ) { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("a", qos: 1)
                try await rig.connect()
                try await rig.onLoop { $0.receivers[0].source.pause() }
                try await broker.send(FakeBroker.publish("a", [65], qos: 1, identifier: 1))
                try await eventually("pings beyond the keep-alive") { broker.count(.pingreq) >= 4 }
                #expect(rig.log.reasons.isEmpty)
                #expect(source.log.count == 0)
                try await rig.onLoop { $0.receivers[0].source.resume() }
                try await eventually("what waited") { source.log.texts == ["A"] }
                #expect(rig.log.reasons.isEmpty)
            }
        }
    }

    @Test func aServerThatAcceptsAndClosesAtOnceIsNotHammered() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                try await rig.start()
                for times in 1...3 {
                    try await rig.connected(times: times)
                    try await broker.closeConnection()
                    try await eventually("the loss") { rig.log.reasons.count == times }
                }
                let states = rig.log.states
                #expect(rig.log.reasons.allSatisfy { $0 == "the server closed the connection" })
                #expect(states.count { $0 == .connecting } <= 4)
            }
        }
    }
}
