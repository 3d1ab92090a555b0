import BridgeTestSupport
import Logging
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore

/// What the senders of a queue's messages are told.
struct RequestTests {
    private let broker = ScriptedBroker(name: "local")

    private func make(
        whenFull: QueuePolicy.WhenFull = .block,
        maxBytes: Int = 1 << 20,
        ttl: Int64? = nil,
        now: @escaping () -> NIODeadline = NIODeadline.now
    ) -> (RouteQueue, ScriptedSink) {
        let sink = ScriptedSink(settlesLater: true)
        let queue = RouteQueue(
            route: "r",
            sink: sink,
            policy: QueuePolicy(whenFull: whenFull, maxBytes: maxBytes, ttl: ttl),
            store: MemoryStore(),
            log: .silent,
            now: now
        )
        broker.becomes(.connected)
        let topics = ResponseTopics(["replies/#"], base: nil)
        queue.answerRequests(by: Responder(broker: broker, topics: topics, log: .silent))
        return (queue, sink)
    }

    /// A batch whose messages' senders wait at `replies/TEXT`, but for those that begin with `-`.
    private func batch(_ texts: String...) -> MessageBatch {
        var batch = MessageBatch.of(texts, topic: "t")
        for (entry, text) in zip(batch.entries, texts) where !text.hasPrefix("-") {
            let address = ResponseAddress(topic: "replies/\(text)", qos: 1)
            batch.requests.append(MessageBatch.Request(payloadOffset: entry.payloadOffset, address: address))
        }
        return batch
    }

    @Test func whatIsInFlightIsAnsweredOnceItIsSettled() {
        let (queue, sink) = make()
        sink.opens(for: 10)
        queue.accept(batch("a", "-", "b"))
        #expect(broker.take() == [])
        queue.settle(2, as: .delivered)
        #expect(broker.take() == ["replies/a sent"])
        queue.settle(1, as: .dropped(.notUTF8))
        #expect(broker.take() == ["replies/b dropped: not_utf8"])
    }

    @Test func whatWaitsIsSaidToBeQueuedOnceAndThenAnswered() {
        let (queue, sink) = make()
        sink.opens(for: 1)
        queue.accept(batch("a", "b"))
        queue.accept(batch("c"))
        #expect(broker.take() == ["replies/b queued", "replies/c queued"])
        queue.sinkLostWhatWasInFlight()
        #expect(broker.take() == ["replies/a queued"])
        sink.opens(for: 10)
        queue.settle(3, as: .delivered)
        #expect(broker.take() == ["replies/a sent", "replies/b sent", "replies/c sent"])
    }

    @Test func whatIsDroppedIsAnsweredWithItsReason() {
        // A message of one byte and its topic count for 66.
        let (newest, _) = make(whenFull: .dropNewest, maxBytes: 4 * 66)
        newest.accept(batch("a", "-1", "b", "c"))
        #expect(broker.take() == ["replies/c dropped: queue_full", "replies/a queued", "replies/b queued"])
        #expect(newest.abandon() == 3)
        #expect(broker.take() == ["replies/a dropped: shutdown", "replies/b dropped: shutdown"])
        newest.accept(batch("d"))
        #expect(broker.take() == ["replies/d dropped: shutdown"])

        let (oldest, sink) = make(whenFull: .dropOldest, maxBytes: 3 * 66)
        sink.opens(for: 1)
        oldest.accept(batch("a", "b", "c", "d"))
        #expect(broker.take() == ["replies/b dropped: queue_full", "replies/c queued", "replies/d queued"])
        oldest.settle(1, as: .delivered)
        sink.opens(for: 1)
        oldest.settle(1, as: .delivered)
        #expect(broker.take() == ["replies/a sent", "replies/c sent"])
    }

    @Test func whatExpiresIsAnswered() {
        var now = NIODeadline.now()
        let (queue, _) = make(ttl: 1000, now: { now })
        var batch = batch("a")
        batch.receivedAt = now
        queue.accept(batch)
        now = now + .seconds(2)
        queue.tick()
        #expect(broker.take() == ["replies/a queued", "replies/a dropped: expired"])
    }

    @Test("S9: a route answers only where it may")
    func s9RefusesOtherTopics() {
        let (queue, sink) = make()
        sink.opens(for: 10)
        var batch = MessageBatch.of("a")
        let address = ResponseAddress(topic: "alarm/siren", qos: 1)
        batch.requests = [MessageBatch.Request(payloadOffset: batch.entries[0].payloadOffset, address: address)]
        queue.accept(batch)
        queue.settle(1, as: .delivered)
        #expect(broker.take() == [])
        #expect(queue.currentBalance.delivered == 1)
    }

    @Test func aLedgerIsBoundedAndFollowsWhatLeavesFromTheMiddle() {
        var ledger = RequestLedger()
        func address(_ number: Int) -> ResponseAddress { ResponseAddress(topic: "\(number)", qos: 0) }
        for number in 0..<RequestLedger.limit {
            let isTaken = ledger.append(address(number), at: 2 * number)
            #expect(isTaken)
        }
        let isTooMany = !ledger.append(address(-1), at: 1 << 20)
        #expect(isTooMany)
        #expect(ledger.left(at: 1) == nil)
        #expect(ledger.left(at: 1) == address(1))
        #expect(ledger.firstLeft(2) == [address(0)])
        #expect(ledger.firstLeft(1) == [address(2)])
        #expect(ledger.tellWaiting(from: 2 * RequestLedger.limit - 7) == [address(RequestLedger.limit - 1)])
        #expect(ledger.tellWaiting(from: 0).count == RequestLedger.limit - 4)
        #expect(ledger.removeAll().count == RequestLedger.limit - 3)
        #expect(ledger.isEmpty)
    }
}
