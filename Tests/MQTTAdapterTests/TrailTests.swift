import BridgeCore
import NIOCore
import TestSupport
import Testing

@testable import MQTTAdapter

/// Through which gateways a message came, and what becomes of one that comes back.
@Suite struct TrailTests {
    private static func via(_ gateways: String...) -> [(name: String, value: String)] {
        [("wsbridge-hops", "\(gateways.count)")] + gateways.map { ("wsbridge-via", $0) } + [("other", "x")]
    }

    @Test func whatComesIsKnownByItsTrailAndItsRequester() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTClient(of: broker) { client in
                try await withRig(port: broker.port) { rig in
                    let source = try await rig.source("in/#", qos: 1)
                    try await rig.connect()
                    try await client.request("in/a", "plain", answerTo: nil)
                    try await client.request("in/a", "asks", answerTo: "r", correlation: "c")
                    try await client.request("in/a", "came", answerTo: nil, userProperties: Self.via("one", "two"))
                    try await client.request("in/a", "both", answerTo: "r", userProperties: Self.via("one"))
                    try await eventually("all") { source.log.count == 4 }
                    let messages = source.log.messages
                    #expect(messages.map(\.hops) == [1, 1, 3, 2])
                    #expect(messages.map(\.gateways) == [[], [], ["one", "two"], ["one"]])
                    let address = ResponseAddress(topic: "r", correlation: Array("c".utf8), qos: 1)
                    #expect(messages.map(\.response) == [nil, address, nil, ResponseAddress(topic: "r", qos: 1)])
                    #expect(messages.map(\.text) == ["plain", "asks", "came", "both"])
                }
            }
        }
    }

    @Test func whatCameThroughHereIsNotTakenUnlessItIsWanted() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTClient(of: broker) { client in
                try await withRig(port: broker.port) { rig in
                    let source = try await rig.source("in/#", qos: 1)
                    let wanting = try await rig.source("in/+", qos: 1, allowEcho: true)
                    try await rig.connect()
                    try await client.request("in/a", "back", answerTo: nil, userProperties: Self.via("one", "site"))
                    try await client.request("in/a", "again", answerTo: nil, userProperties: Self.via("site"))
                    try await client.request("in/a", "new", answerTo: nil, userProperties: Self.via("site2"))
                    try await eventually("what may") { source.log.count == 1 && wanting.log.count == 3 }
                    #expect(source.log.texts == ["new"] && source.log.rejected == [.looped: 2])
                    #expect(wanting.log.texts == ["back", "again", "new"] && wanting.log.rejected == [:])
                    #expect(wanting.log.messages.map(\.gateways) == [["one"], [], ["site2"]])
                    let told = rig.lines.lines.filter { $0.contains("came back") }
                    #expect(told.count == 1 && told[0].contains("gone through 'site'"), "said once")
                }
            }
        }
    }

    @Test func eightGatewaysAreTheMostHoweverTheyAreCounted() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTClient(of: broker) { client in
                try await withRig(port: broker.port) { rig in
                    let source = try await rig.source("in/#", qos: 1)
                    try await rig.connect()
                    for hops in ["7", "8", "9223372036854775807", "-5", "many", "99999999999999999999"] {
                        let properties = [(name: "wsbridge-hops", value: hops)]
                        try await client.request("in/a", hops, answerTo: nil, userProperties: properties)
                    }
                    for count in [7, 8, 500] {
                        let properties = (0..<count).map { (name: "wsbridge-via", value: "\($0)") }
                        try await client.request("in/a", "via \(count)", answerTo: nil, userProperties: properties)
                    }
                    try await client.request("in/a", "end", answerTo: nil)
                    try await eventually("the last") { source.log.texts.last == "end" }
                    #expect(source.log.texts == ["7", "-5", "many", "99999999999999999999", "via 7", "end"])
                    #expect(source.log.messages.map(\.hops) == [8, 1, 1, 1, 1, 1])
                    #expect(source.log.rejected == [.looped: 4])
                }
            }
        }
    }

    @Test func whatGoesOnTellsItsTrailAndThisGateway() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "out/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    let plain = try await rig.sink("out/plain", qos: 1)
                    let timed = try await rig.sink("out/timed", qos: 1) { $0.userProperties = [.receivedAt] }
                    try await rig.connect()
                    let messages = [
                        Feeder.Message(payload: [1]),
                        Feeder.Message(payload: [2], hops: 1),
                        Feeder.Message(payload: [3], hops: 3, gateways: ["one", "two"]),
                        Feeder.Message(payload: [4], hops: 2, gateways: ["one"]),
                        Feeder.Message(payload: [5], hops: 3, gateways: ["one", "two"]),
                    ]
                    for sink in [plain, timed] { try await rig.feed(sink.index, messages) }
                    try await eventually("all") { recorder.count == 10 }
                    for topic in ["out/plain", "out/timed"] {
                        let told = recorder.messages.filter { $0.topic == topic }.map { message in
                            message.userProperties.filter { $0.name == "wsbridge-via" }.map(\.value)
                        }
                        #expect(
                            told == [[], ["site"], ["one", "two", "site"], ["one", "site"], ["one", "two", "site"]]
                        )
                    }
                }
            }
        }
    }

    @Test func listsAreKeptByTrailWithinABound() {
        let settings = PublishSettings(name: "s", qos: 1, retain: false, instance: "site")
        var properties = MessageProperties(settings, isV5: true)
        func list(_ gateways: [String], isV5: Bool = true) -> PropertyList? {
            let carried = CarriedProperties.encode(gateways: gateways, response: ResponseAddress(topic: "r", qos: 0))
            var entry = MessageBatch.Entry(payloadOffset: 0, payloadLength: 0, kind: .text)
            entry.propertiesLength = UInt16(carried.count)
            entry.flags.hops = 2
            let batch = MessageBatch(bytes: ByteBuffer(bytes: carried), entries: [entry], receivedAt: .now())
            return batch.withUnsafeBytes { properties.list(of: batch, at: 0, in: $0, nil) }
        }
        let one = list(["one"])
        #expect(one != nil && list(["one"]) === one && list(["two"]) !== one && list([]) !== one)
        #expect(list([]) === list([]))
        for number in 0..<10 * TrailNumbers.most { #expect(list(["\(number)"]) != nil) }
        #expect(list(["one"]) != nil)
        properties = MessageProperties(settings, isV5: false)
        #expect(list(["one"]) == nil)
    }
}
