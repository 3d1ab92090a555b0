import BridgeCore
import MQTTAdapter
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@Suite struct SubscribingTests {
    static let versions: [BrokerConfiguration.ProtocolVersion] = [.v5, .v311]

    @Test(arguments: versions, [0, 1])
    func messagesArriveWholeAndInOrder(version: BrokerConfiguration.ProtocolVersion, qos: Int) async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port, version: version) { rig in
                let source = try await rig.source("feed/+", qos: qos)
                try await rig.connect()
                let texts = (0..<500).map { "message \($0)" }
                try await withMQTTClient(of: broker) { client in
                    try await client.publish(texts.map { ("feed/a", Array($0.utf8)) }, qos: 1)
                    try await client.publish("other/a", "not ours")
                    try await client.publish("feed/b", [], qos: 1)
                }
                try await eventually("all to arrive") { source.log.count == 501 }
                #expect(source.log.texts == texts + [""])
                #expect(source.log.messages.last == Receiver.Message(topic: "feed/b", payload: [], kind: .undeclared))
                #expect(source.log.messages.first?.topic == "feed/a")
            }
        }
    }

    @Test(arguments: versions)
    func overlappingFiltersNeitherLoseNorDouble(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port, version: version) { rig in
                let filters = [("a/#", 0), ("a/b", 1), ("a/b", 0), ("a/+", 1), ("+/b", 0), ("c/d", 1)]
                var logs: [Receiver.Log] = []
                for (filter, qos) in filters { logs.append(try await rig.source(filter, qos: qos).log) }
                try await rig.connect()
                try await withMQTTClient(of: broker) { client in
                    for round in 0..<50 {
                        try await client.publish("a/b", "ab\(round)", qos: 1)
                        try await client.publish("a/c", "ac\(round)", qos: 1)
                        try await client.publish("x/b", "xb\(round)", qos: 1)
                    }
                    try await client.publish("c/d", "last", qos: 1)
                }
                try await eventually("the last to arrive") { logs[5].count == 1 }
                func rounds(_ kinds: String...) -> [String] {
                    (0..<50).flatMap { round in kinds.map { $0 + "\(round)" } }
                }
                try await eventually("the others to arrive") { logs[0].count == 100 && logs[4].count == 100 }
                #expect(logs[0].texts == rounds("ab", "ac"))
                #expect(logs[1].texts == rounds("ab"))
                #expect(logs[2].texts == rounds("ab"))
                #expect(logs[3].texts == rounds("ab", "ac"))
                #expect(logs[4].texts == rounds("ab", "xb"))
            }
        }
    }

    @Test(arguments: versions)
    func aSessionKeepsWhatCameWhileItWasAway(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withMosquittoBroker { broker in
            let change = { (configuration: inout BrokerConfiguration) in
                configuration.cleanSession = false
                configuration.clientID = "lasting"
            }
            try await withRig(port: broker.port, version: version, change) { rig in
                let source = try await rig.source("feed/a", qos: 1)
                try await rig.connect()
                try await withMQTTClient(of: broker) { try await $0.publish("feed/a", "one") }
                try await eventually("it to arrive") { source.log.texts == ["one"] }
            }
            try await withMQTTClient(of: broker) { client in
                for text in ["two", "three"] { try await client.publish("feed/a", text) }
            }
            try await withRig(port: broker.port, version: version, change) { rig in
                let source = try await rig.source("feed/a", qos: 1)
                try await rig.connect()
                #expect(rig.lines.contains("the session goes on"))
                try await eventually("what was missed") { source.log.texts == ["two", "three"] }
            }
        }
    }

    @Test func theServerIsToldHowLongToKeepTheSession() async throws {
        try await withFakeBroker(
            // It keeps it for a minute only.
            answer: { packet in
                packet.kind == .connect
                    ? FakeBroker.connack(5, properties: [0x11, 0, 0, 0, 60]) : FakeBroker.friendly(packet)
            }
        ) { broker in
            try await withRig(port: broker.port, { $0.cleanSession = false }) { rig in
                try await rig.connect()
                let connect = try #require(broker.packets.first { $0.kind == .connect })
                // Behind the protocol's name and version, the flags and the keep-alive; 604,800 s are a week.
                let properties = Array(connect.body[11..<(11 + Int(connect.body[10]))])
                #expect(properties.firstRange(of: [0x11, 0, 0x09, 0x3A, 0x80]) != nil)
                #expect(rig.lines.contains("the server keeps the session only for 60 s"))
            }
        }
    }

    @Test func retainedMessagesComeWithANewSubscriptionNotWithAReconnect() async throws {
        try await withMosquittoBroker(persistence: true) { broker in
            try await withMQTTClient(of: broker) { try await $0.publish("feed/a", "kept", retain: true) }
            try await withRig(port: broker.port, { $0.cleanSession = false }) { rig in
                let source = try await rig.source("feed/#", qos: 1)
                try await rig.connect()
                try await eventually("the retained one") { source.log.texts == ["kept"] }
                try await broker.restart()
                try await rig.connected(times: 2)
                try await withMQTTClient(of: broker) { try await $0.publish("feed/a", "fresh") }
                try await eventually("the fresh one") { source.log.texts.last == "fresh" }
                #expect(source.log.texts == ["kept", "fresh"])
            }
        }
    }

    @Test("S9: our own messages do not come back") func ownMessagesDoNotComeBack() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("feed/#", qos: 1)
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                try await rig.feed(sink.index, ["ours"])
                try await eventually("it to be settled") { sink.log.settled == 1 }
                try await withMQTTClient(of: broker) { try await $0.publish("feed/a", "theirs") }
                try await eventually("theirs") { source.log.texts == ["theirs"] }
            }
        }
    }

    @Test func ownMessagesComeBackWhereEchoIsAllowed() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("feed/#", qos: 1, allowEcho: true)
                let sink = try await rig.sink("feed/a", qos: 1)
                try await rig.connect()
                try await rig.feed(sink.index, ["ours"])
                try await eventually("ours") { source.log.texts == ["ours"] }
            }
        }
    }

    @Test func declaredTextIsToldFromBytes() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("a", qos: 0)
                try await rig.connect()
                try await broker.send(FakeBroker.publish("a", [65], qos: 0, properties: [1, 1]))
                try await broker.send(FakeBroker.publish("a", [65], qos: 0, properties: [1, 0]))
                try await eventually("both") { source.log.count == 2 }
                #expect(source.log.messages.map(\.kind) == [.text, .undeclared])
            }
        }
    }

    @Test func aPausedSourceReadsNothingAndLosesNothing() async throws {
        try await withMosquittoBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("feed/a", qos: 1)
                let other = try await rig.source("feed/b", qos: 1)
                try await rig.connect()
                try await rig.onLoop { $0.receivers[0].source.pause() }
                try await rig.onLoop { $0.receivers[1].source.pause() }
                try await withMQTTClient(of: broker) { client in
                    try await client.publish((0..<200).map { ("feed/a", Array("\($0)".utf8)) })
                    try await client.publish("feed/b", "b")
                }
                try await rig.onLoop { $0.receivers[1].source.resume() }
                // One of two still pauses. What it costs to look: a turn of the event loop and of the thread.
                for _ in 0..<20 { try await rig.onLoop { _ in } }
                #expect(source.log.count == 0)
                try await rig.onLoop { $0.receivers[0].source.resume() }
                try await eventually("all") { source.log.count == 200 && other.log.count == 1 }
                #expect(source.log.texts == (0..<200).map { "\($0)" })
            }
        }
    }

    @Test(arguments: versions)
    func commandsComeMarkedWhenRetained(version: BrokerConfiguration.ProtocolVersion) async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTClient(of: broker) { client in
                try await client.publish("base/c/command/connect", "old", retain: true)
                try await withRig(port: broker.port, version: version) { rig in
                    let source = try await rig.source("#", qos: 0)
                    try await rig.onLoop { core in
                        let will = StatusMessage(topic: "base/status", payload: ByteBuffer(), qos: 1, retain: true)
                        core.broker.carryStatus(will: will, commandFilter: "base/+/command/#")
                    }
                    try await rig.connect()
                    try await eventually("the retained one") { rig.log.commands.count == 1 }
                    try await client.publish("base/c/command/send", "text")
                    try await eventually("the other one") { rig.log.commands.count == 2 }
                    #expect(
                        rig.log.commands == [
                            Rig.Command(topic: "base/c/command/connect", text: "old", isRetained: true),
                            Rig.Command(topic: "base/c/command/send", text: "text", isRetained: false),
                        ]
                    )
                    // A route may listen there too.
                    try await eventually("the route's copies") { source.log.texts == ["old", "text"] }
                }
            }
        }
    }

    @Test func aRefusedSubscriptionIsSaidAndTheOthersWork() async throws {
        try await withFakeBroker(
            answer: { packet in
                guard packet.kind == .subscribe else { return FakeBroker.friendly(packet) }
                // The cover a/# is refused; what it covered must be subscribed to on its own.
                let isCover = packet.body.contains(UInt8(ascii: "#"))
                return FakeBroker.packet(0x90, packet.identifier + [isCover ? 0x80 : 1])
            }
        ) { broker in
            try await withRig(port: broker.port, version: .v311) { rig in
                _ = try await rig.source("a/#", qos: 1)
                let source = try await rig.source("a/b", qos: 1)
                try await rig.connect()
                #expect(rig.lines.contains("refused the subscription to a/#"))
                #expect(broker.count(.subscribe) == 2)
                try await broker.send(FakeBroker.publish("a/b", [65], qos: 1, identifier: 1, version: 4))
                try await eventually("it to arrive") { source.log.texts == ["A"] }
            }
        }
    }

    @Test func messagesOfAnOlderConfigurationsSubscriptionAreIgnored() async throws {
        try await withFakeBroker { broker in
            try await withRig(port: broker.port) { rig in
                let source = try await rig.source("a", qos: 1)
                try await rig.connect()
                // Identifier 1 once stood for another filter.
                try await broker.send(FakeBroker.publish("old/b", [65], qos: 1, identifier: 1, properties: [0x0B, 1]))
                try await broker.send(FakeBroker.publish("a", [66], qos: 1, identifier: 2, properties: [0x0B, 9]))
                try await eventually("ours") { source.log.texts == ["B"] }
                try await eventually("both acknowledged") { broker.count(.puback) == 2 }
                #expect(rig.lines.contains("older configuration"))
            }
        }
    }
}
