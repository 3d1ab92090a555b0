import BridgeCore
import NIOCore
import Testing

struct StatusOutboxTests {
    @Test func tellsThingsInTheOrderInWhichTheyHappened() {
        var outbox = StatusOutbox()
        outbox.set("c/state", "connecting")
        outbox.event("c/event/connected", "1")
        outbox.set("c/state", "connected")
        #expect(outbox.drain() == ["c/event/connected=1", "c/state=connected"])
    }

    @Test func onlyTheLatestValueOfARetainedTopicIsTold() {
        var outbox = StatusOutbox()
        for value in 0..<1000 { outbox.set("c/last_sent", "\(value)") }
        #expect(outbox.drain() == ["c/last_sent=999"])
        #expect(outbox.drain() == [])
    }

    @Test func retainedTopicsAreToldAgainAfterTheBrokerConnected() {
        var outbox = StatusOutbox()
        outbox.set("a", "1")
        outbox.set("b", "2")
        _ = outbox.drain()
        outbox.event("e", "x")
        outbox.set("a", "3")
        outbox.brokerConnected()
        #expect(outbox.drain() == ["b=2", "e=x", "a=3"])
    }

    @Test func theOldestEventsGoWhenTooManyWait() {
        var outbox = StatusOutbox()
        for number in 0..<300 { outbox.event("e", "\(number)") }
        #expect(outbox.lostEvents == 300 - StatusOutbox.eventLimit)
        let told = outbox.drain()
        #expect(told.count == StatusOutbox.eventLimit)
        #expect(told.first == "e=44")
        #expect(told.last == "e=299")
    }
}

extension StatusOutbox {
    fileprivate mutating func set(_ topic: String, _ payload: String) {
        set(topic, ByteBuffer(string: payload), qos: 1)
    }

    fileprivate mutating func event(_ topic: String, _ payload: String) {
        event(topic, ByteBuffer(string: payload))
    }

    fileprivate mutating func drain() -> [String] {
        var told: [String] = []
        while let message = oldest() {
            told.append("\(message.topic)=\(String(buffer: message.payload))")
            publishedOldest()
        }
        return told
    }
}
