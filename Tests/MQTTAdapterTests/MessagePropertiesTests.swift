import BridgeCore
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import MQTTAdapter

/// What messages tell of themselves by MQTT 5, and who asks for an answer.
@Suite struct MessagePropertiesTests {
    @Test func everythingIsToldWhereItIsWanted() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "feed/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    let told = try await rig.sink("feed/told", qos: 1) { sink in
                        sink.remainderOf = .seconds(300)
                        sink.contentType = "application/json"
                        sink.userProperties = [.connection, .receivedAt]
                    }
                    let plain = try await rig.sink("feed/plain", qos: 1)
                    try await rig.connect()
                    let begin = Date()
                    try await rig.feed(told.index, ["one", "two"])
                    try await rig.feed(plain.index, ["three"])
                    try await eventually("all to arrive") { recorder.count == 3 }
                    for message in recorder.messages where message.topic == "feed/told" {
                        #expect((240...300).contains(message.expiry ?? 0))
                        #expect(message.contentType == "application/json")
                        let told = Dictionary(
                            uniqueKeysWithValues: message.userProperties.map { ($0.name, $0.value) }
                        )
                        #expect(told.keys.sorted() == ["wsbridge-connection", "wsbridge-received-at"])
                        #expect(told["wsbridge-connection"] == "cloud")
                        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
                        let receivedAt = try style.parse(#require(told["wsbridge-received-at"]))
                        #expect(abs(receivedAt.timeIntervalSince(begin)) < 60)
                    }
                    let message = try #require(recorder.messages.first { $0.topic == "feed/plain" })
                    #expect(message.expiry == nil && message.contentType == nil && message.userProperties == [])
                }
            }
        }
    }

    @Test func mqtt311HasNoPlaceForThem() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "feed/#") { recorder in
                try await withRig(port: broker.port, version: .v311) { rig in
                    let sink = try await rig.sink("feed/a", qos: 1) { sink in
                        sink.remainderOf = .seconds(300)
                        sink.userProperties = [.receivedAt]
                    }
                    try await rig.connect()
                    try await rig.feed(sink.index, ["one"])
                    let message = try await recorder.message(on: "feed/a")
                    #expect(message.text == "one" && message.userProperties == [])
                }
            }
        }
    }

    @Test func expiryIsWhatIsLeftOfTheTTL() {
        #expect(MessageProperties.expiry(ttl: 60_000, age: 0) == 60)
        #expect(MessageProperties.expiry(ttl: 60_000, age: 1) == 60)
        #expect(MessageProperties.expiry(ttl: 60_000, age: 1000) == 59)
        #expect(MessageProperties.expiry(ttl: 60_000, age: 59_999) == 1)
        #expect(MessageProperties.expiry(ttl: 500, age: 100) == 1)
        #expect(MessageProperties.expiry(ttl: 500, age: 600) == 1)
        #expect(MessageProperties.expiry(ttl: 1 << 60, age: 0) == .max)
    }

    @Test func timesAreOfTheMessageAndListsAreMadeOnceWhereTheyAreTheSame() {
        let settings = PublishSettings(name: "s", qos: 1, retain: false, ttl: 10_000, tellsReceipt: true)
        var properties = MessageProperties(settings, isV5: true)
        let now = NIODeadline.now()
        var bytes = ByteBuffer()
        bytes.writeString("abc")
        var entries: ContiguousArray<MessageBatch.Entry> = []
        for offset in 0..<3 { entries.append(.init(payloadOffset: offset, payloadLength: 1, kind: .text)) }
        entries[2].delay = 2500
        let batch = MessageBatch(bytes: bytes, entries: entries, receivedAt: now - .seconds(4), priorAge: 1000)
        let moment = MessageProperties.Moment(monotonic: now, wall: Timestamp(milliseconds: 1_700_000_005_000))
        let lists = (0..<3).map { index in
            batch.withUnsafeBytes { properties.list(of: batch, at: index, in: $0, moment) }
        }
        #expect(lists[0] != nil && lists[1] === lists[0])
        #expect(lists[2] != nil && lists[2] !== lists[0])
        #expect(
            properties.times(age: 5000, moment.wall)
                == .init(expiry: 5, receivedAt: Timestamp(milliseconds: 1_700_000_000_000))
        )
        let fixed = PublishSettings(name: "s", qos: 1, retain: false, expiry: 7, tellsReceipt: true)
        #expect(MessageProperties(fixed, isV5: true).times(age: 5000, moment.wall).expiry == 7)
        // Without times nothing is asked of the clock.
        #expect(MessageProperties(PublishSettings(name: "s", qos: 1, retain: false), isV5: true).moment() == nil)
    }

    @Test func requestsCarryWhereTheyWantTheirAnswer() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "replies/#") { recorder in
                try await withRig(port: broker.port) { rig in
                    try await StatusTests.carry(rig)
                    try await rig.connect()
                    try await recorder.request("base/c/command/send", "a", answerTo: "replies/a", correlation: "n1\0")
                    try await recorder.publish("base/c/command/send", "b")
                    try await eventually("both") { rig.log.commands.count == 2 }
                    #expect(
                        rig.log.commands.map(\.response) == [
                            ResponseAddress(topic: "replies/a", correlation: Array("n1\0".utf8), qos: 1), nil,
                        ]
                    )
                    var answer = StatusTests.message("replies/a", "sent", retain: false)
                    answer.answer = AnswerProperties(.sent, isText: true, correlation: Array("n1\0".utf8))
                    let isTaken = try await rig.onLoop { [answer] core in core.broker.respond(answer) }
                    #expect(isTaken)
                    let message = try await recorder.message(on: "replies/a")
                    #expect(message.text == "sent" && message.correlation == Array("n1\0".utf8))
                    #expect(message.isDeclaredText)
                    #expect(message.userProperties.map { "\($0.name) \($0.value)" } == ["wsbridge-answer sent"])
                }
            }
        }
    }
}
