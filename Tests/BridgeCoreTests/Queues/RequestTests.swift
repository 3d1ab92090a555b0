import BridgeTestSupport
import Logging
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import BridgeCore

/// What the senders of a queue's messages are told.
struct RequestTests {
    private let broker = ScriptedBroker(name: "local")

    private let responder: Responder

    init() { self.init(answering: ["replies/#"]) }

    private init(answering topics: [String]) {
        broker.becomes(.connected)
        responder = Responder(broker: broker, topics: ResponseTopics(topics, base: nil), log: .silent)
        responder.brokerChanged(to: .connected)
    }

    private func make(
        whenFull: QueuePolicy.WhenFull = .block,
        maxBytes: Int = 1 << 20,
        ttl: Int64? = nil,
        store: any QueueStore = MemoryStore(),
        now: @escaping () -> NIODeadline = NIODeadline.now
    ) -> (RouteQueue, ScriptedSink) {
        let sink = ScriptedSink(settlesLater: true)
        let queue = RouteQueue(
            route: "r",
            sink: sink,
            policy: QueuePolicy(whenFull: whenFull, maxBytes: maxBytes, ttl: ttl),
            store: store,
            log: .silent,
            now: now
        )
        queue.answerRequests(by: responder)
        return (queue, sink)
    }

    /// A batch whose messages' senders wait at `replies/TEXT`, but for those that begin with `-`.
    private func batch(_ texts: String...) -> MessageBatch { batch(texts) }

    private func batch(_ texts: [String]) -> MessageBatch {
        .requests(texts.map { ($0, $0.hasPrefix("-") ? nil : ResponseAddress(topic: "replies/\($0)", qos: 1)) })
    }

    /// What a request of one byte counts for.
    private var cost: Int { batch("a").entries[0].queueCost }

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
        let (newest, _) = make(whenFull: .dropNewest, maxBytes: 4 * cost - 20)
        newest.accept(batch("a", "-1", "b", "c"))
        #expect(broker.take() == ["replies/c dropped: queue_full", "replies/a queued", "replies/b queued"])
        #expect(newest.abandon() == 3)
        #expect(broker.take() == ["replies/a dropped: shutdown", "replies/b dropped: shutdown"])

        let (oldest, sink) = make(whenFull: .dropOldest, maxBytes: 3 * cost)
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
        var refused = 0
        responder.rejected = { _ in refused += 1 }
        queue.accept(.requests([("a", ResponseAddress(topic: "alarm/siren", qos: 1))]))
        queue.settle(1, as: .delivered)
        #expect(broker.take() == [])
        #expect(queue.currentBalance.delivered == 1 && refused == 1)
    }

    @Test func moreThanAnyListWouldHoldAreAnswered() {
        let (queue, sink) = make()
        let texts = (0..<5_000).map { "\($0)" }
        for start in stride(from: 0, to: 5_000, by: 100) { queue.accept(batch(Array(texts[start..<start + 100]))) }
        #expect(broker.take() == texts.map { "replies/\($0) queued" })
        sink.opens(for: 5_000)
        queue.settle(5_000, as: .delivered)
        #expect(broker.take() == texts.map { "replies/\($0) sent" })
    }

    @Test func whatANewerOneReplacesIsAnswered() throws {
        func json(_ key: Int, _ number: Int) -> (String, ResponseAddress?) {
            ("{\"k\":\(key)}", ResponseAddress(topic: "replies/\(key).\(number)", qos: 0))
        }
        let (queue, sink) = make(whenFull: .conflate, store: ConflatingStore(by: try ConflationKey("$.k")))
        queue.accept(.requests([json(1, 1), json(2, 1), json(1, 2)]))
        #expect(broker.take() == ["replies/1.1 dropped: conflated", "replies/1.2 queued", "replies/2.1 queued"])
        sink.opens(for: 1)
        queue.accept(.requests([json(1, 3), json(2, 2)]))
        #expect(broker.take() == ["replies/2.1 dropped: conflated", "replies/2.2 queued", "replies/1.3 queued"])
        // What is in flight comes back, but a newer one stands for it by now.
        queue.sinkLostWhatWasInFlight()
        #expect(broker.take() == ["replies/1.2 dropped: conflated"])
        sink.opens(for: 9)
        queue.settle(2, as: .delivered)
        #expect(broker.take() == ["replies/2.2 sent", "replies/1.3 sent"])
        #expect(queue.currentBalance.isBalanced && queue.isEmpty)
    }

    @Test func aSinkThatFailsAnswersWhatItLeaves() {
        let (queue, sink) = make()
        sink.opens(for: 1)
        queue.accept(batch("a", "b"))
        #expect(broker.take() == ["replies/b queued"])
        queue.sinkFailed(because: "it does")
        #expect(broker.take() == ["replies/a dropped: refused", "replies/b dropped: refused"])
        queue.accept(batch("c"))
        #expect(broker.take() == ["replies/c dropped: refused"])
    }

    @Test func waitingAnswersHaveABoundInBytesToo() {
        responder.brokerChanged(to: .connecting)
        let payload = ByteBuffer(repeating: 0, count: Responder.mostWaitingBytes / 2)
        let large = StatusMessage(topic: "replies/a", payload: payload, qos: 0, retain: false)
        #expect(responder.deliver(large) && responder.deliver(large) && !responder.deliver(large))
        responder.brokerChanged(to: .connected)
        #expect(broker.published.count == 2 && responder.deliver(large))
        responder.brokerChanged(to: .connecting)
        #expect(responder.deliver(large), "there is room again")
    }

    @Test func answersWaitForTheBrokerWithinABound() {
        var lost = 0
        responder.rejected = { _ in lost += 1 }
        let (queue, sink) = make()
        responder.brokerChanged(to: .connecting)
        broker.becomes(.connecting)
        sink.opens(for: 1 << 20)
        let texts = (0..<1_500).map { "\($0)" }
        queue.accept(batch(texts))
        queue.settle(1_500, as: .delivered)
        #expect(broker.take() == [] && lost == 1_500 - Responder.mostWaiting)
        broker.becomes(.connected)
        responder.brokerChanged(to: .connected)
        #expect(broker.take() == texts[..<Responder.mostWaiting].map { "replies/\($0) sent" })
        responder.brokerChanged(to: .stopped)
        queue.accept(batch("a", "b"))
        queue.settle(1, as: .delivered)
        responder.end()
        queue.settle(1, as: .delivered)
        #expect(broker.take() == [] && lost == 1_500 - Responder.mostWaiting + 2)
    }

    // MARK: On disk

    private func makeSpooled(_ disk: FakeDisk, _ loop: EmbeddedEventLoop) throws -> (RouteQueue, ScriptedSink) {
        let spool = try Spool(FakeEngine(disk), eventLoop: loop, log: .silent) { $0() }
        let place = try spool.place(for: "r -> s")
        let sink = ScriptedSink(settlesLater: true)
        let queue = RouteQueue(
            route: "r",
            sink: sink,
            policy: QueuePolicy(whenFull: .block, maxBytes: 4 * cost),
            store: SpooledStore(level: .spill, maxBytes: 4 * cost, maxDisk: 1 << 20, window: 1024, contents: place),
            spool: spool,
            place: place.number,
            log: .silent,
            now: { loop.now }
        )
        queue.answerRequests(by: responder)
        return (queue, sink)
    }

    private func works(_ loop: EmbeddedEventLoop) {
        for _ in 0..<20 { loop.advanceTime(by: .milliseconds(50)) }
    }

    private func drain(_ queue: RouteQueue, _ loop: EmbeddedEventLoop) {
        repeat {
            queue.settle(queue.store.inFlight, as: .delivered)
            works(loop)
        } while queue.store.inFlight > 0
    }

    @Test func whatWaitsOnDiskIsAnsweredInThisRunAndTheNext() throws {
        let loop = EmbeddedEventLoop()
        let disk = FakeDisk()
        disk.now = { loop.now }
        let (queue, sink) = try makeSpooled(disk, loop)
        let texts = (0..<20).map { "\($0)" }
        for text in texts { queue.accept(batch(text)) }
        #expect(broker.take() == texts.map { "replies/\($0) queued" })
        works(loop)
        sink.opens(for: 8)
        drain(queue, loop)
        #expect(broker.take() == texts[..<8].map { "replies/\($0) sent" })
        queue.park()
        works(loop)
        #expect(queue.finishParking() == (12, 0))

        let (again, other) = try makeSpooled(disk, loop)
        works(loop)
        again.accept(batch("new"))
        #expect(broker.take() == ["replies/new queued"], "the others have heard it")
        other.opens(for: 4)
        works(loop)
        again.sinkLostWhatWasInFlight()
        #expect(broker.take() == [])
        other.opens(for: 99)
        drain(again, loop)
        #expect(broker.take() == (texts[8...] + ["new"]).map { "replies/\($0) sent" })
        #expect(again.isEmpty && again.currentBalance.isBalanced)
    }

    @Test("S9: what the list no longer admits is not answered after a restart either")
    func s9RestoredRequestsAreAskedAgain() throws {
        let loop = EmbeddedEventLoop()
        let disk = FakeDisk()
        disk.now = { loop.now }
        let (queue, _) = try makeSpooled(disk, loop)
        queue.accept(batch("a"))
        queue.park()
        works(loop)
        #expect(broker.take() == ["replies/a queued"])

        let none = RequestTests(answering: ["nobody"])
        var refused = 0
        none.responder.rejected = { _ in refused += 1 }
        let (again, sink) = try none.makeSpooled(disk, loop)
        works(loop)
        sink.opens(for: 1)
        again.settle(1, as: .delivered)
        #expect(none.broker.take() == [] && again.currentBalance.delivered == 1 && refused == 1)
    }
}
