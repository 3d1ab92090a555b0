import BridgeTestSupport
import Logging
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import BridgeCore

/// What requesters get from a route with `reply_to`.
struct ReplyDeskTests {
    private let broker = ScriptedBroker(name: "local")
    private let eventLoop = EmbeddedEventLoop()

    private func make(
        match: MatchConfiguration? = nil,
        policy: QueuePolicy = QueuePolicy(whenFull: .block, maxBytes: 1 << 20)
    ) throws -> (RouteQueue, ScriptedSink, ReplyDesk) {
        let sink = ScriptedSink(settlesLater: true)
        let queue = RouteQueue(route: "r", sink: sink, policy: policy, store: MemoryStore(), log: .silent)
        broker.becomes(.connected)
        var reply = ReplyConfiguration()
        reply.match = match
        let topics = ResponseTopics(["replies/#"], base: nil)
        let responder = Responder(broker: broker, topics: topics, log: .silent)
        responder.brokerChanged(to: .connected)
        let desk = try ReplyDesk(
            reply,
            route: "r",
            responder: responder,
            eventLoop: eventLoop,
            log: .silent
        )
        queue.answerRequests(by: desk)
        return (queue, sink, desk)
    }

    /// A batch whose messages' senders wait at `replies/TEXT`, but for those that begin with `-`.
    private func batch(_ texts: String...) -> MessageBatch {
        .requests(
            texts.map { text in
                let address = ResponseAddress(topic: "replies/\(text)", correlation: Array(text.utf8), qos: 1)
                return (text, text.hasPrefix("-") ? nil : address)
            }
        )
    }

    @Test func theReplyIsTheOnlyAnswer() throws {
        let (queue, sink, desk) = try make(match: .contains("re", caseSensitive: true))
        queue.accept(batch("a", "-", "b"))
        sink.opens(for: 10)
        queue.settle(3, as: .delivered)
        #expect(broker.take() == [], "nobody hears of queued and sent")
        desk.received(.of("feed", "re 1", "re 2", "re 3"), over: .present)
        #expect(broker.published.map(\.answer?.kind) == [.reply, .reply])
        #expect(broker.published.map(\.answer?.correlation) == [[0x61], [0x62]])
        #expect(broker.take() == ["replies/a re 1", "replies/b re 2"])
        #expect(desk.stats == ReplyStats(open: 0, replied: 2, unanswered: [:]))
    }

    @Test func theReplyKeepsItsBytesAndItsKind() throws {
        let (queue, sink, desk) = try make()
        sink.opens(for: 10)
        queue.accept(batch("a", "b"))
        queue.settle(2, as: .delivered)
        desk.received(.of(payloads: [[0, 0xff]], kind: .binary), over: .present)
        desk.received(.of("text"), over: .present)
        #expect(broker.published.map(\.answer?.isText) == [false, true])
        #expect(Array(buffer: broker.published[0].payload) == [0, 0xff])
    }

    @Test func aReplyBeforeTheRequestIsSettledCounts() throws {
        let (queue, sink, desk) = try make()
        sink.opens(for: 10)
        queue.accept(batch("-", "a", "b"))
        desk.received(.of("1", "2"), over: .present)
        #expect(broker.take() == ["replies/a 1", "replies/b 2"])
        queue.settle(3, as: .delivered)
        #expect(broker.take() == [] && queue.currentBalance.delivered == 3)
    }

    @Test func withoutAReplyItIsToldInTime() throws {
        let (queue, sink, desk) = try make()
        sink.opens(for: 10)
        queue.accept(batch("a"))
        queue.settle(1, as: .delivered)
        eventLoop.advanceTime(by: .milliseconds(4999))
        #expect(broker.take() == [] && desk.stats.open == 1)
        eventLoop.advanceTime(by: .milliseconds(1))
        #expect(broker.published.map(\.answer?.kind) == [.dropped])
        #expect(broker.take() == ["replies/a dropped: no_reply"])
        #expect(desk.stats == ReplyStats(open: 0, replied: 0, unanswered: ["no_reply": 1]))
        #expect(queue.currentBalance.delivered == 1, "the message itself arrived")

        // The next one has its own time.
        queue.accept(batch("b"))
        queue.settle(1, as: .delivered)
        eventLoop.advanceTime(by: .seconds(4))
        desk.readingPaused()
        eventLoop.advanceTime(by: .seconds(60))
        desk.readingResumed()
        #expect(broker.take() == [])
        eventLoop.advanceTime(by: .seconds(1))
        #expect(broker.take() == ["replies/b dropped: no_reply"])
    }

    @Test func aLostConnectionEndsWhatWasSent() throws {
        let (queue, sink, desk) = try make()
        sink.opens(for: 10)
        queue.accept(batch("a", "b"))
        queue.settle(1, as: .delivered)
        desk.connectionLost()
        queue.sinkLostWhatWasInFlight()
        #expect(broker.take() == ["replies/a dropped: no_reply"])
        sink.opens(for: 10)
        queue.settle(1, as: .delivered)
        desk.received(.of("1"), over: .present)
        #expect(broker.take() == ["replies/b 1"])
    }

    @Test func whatIsNotSentIsToldAsEver() throws {
        let (queue, _, desk) = try make(policy: QueuePolicy(whenFull: .dropNewest, maxBytes: 66))
        queue.accept(batch("a", "b"))
        #expect(broker.take() == ["replies/b dropped: queue_full"])
        desk.stop()
        #expect(queue.abandon() == 1)
        #expect(broker.take() == ["replies/a dropped: shutdown"])
        #expect(desk.stats.unanswered == [:])
    }

    @Test func whatCannotBeSentTakesNoReply() throws {
        let (queue, sink, desk) = try make()
        sink.doomed = [1]
        sink.opens(for: 10)
        queue.accept(batch("a", "b", "c"))
        desk.received(.of("1", "3"), over: .present)
        queue.settle(1, as: .delivered)
        queue.settle(1, as: .dropped(.notUTF8))
        queue.settle(1, as: .delivered)
        #expect(broker.take() == ["replies/a 1", "replies/c 3", "replies/b dropped: not_utf8"])
    }

    @Test func theEndIsTold() throws {
        let (queue, sink, desk) = try make()
        sink.opens(for: 10)
        queue.accept(batch("a", "b"))
        queue.settle(1, as: .delivered)
        desk.stop()
        queue.settle(1, as: .delivered)
        #expect(broker.take() == ["replies/a dropped: shutdown", "replies/b dropped: shutdown"])
        eventLoop.advanceTime(by: .seconds(60))
        #expect(broker.take() == [])
        #expect(desk.stats.unanswered == ["shutdown": 2])
    }

    @Test func nothingIsMatchedWhileNothingIsAwaited() throws {
        // A regex that gives up says that it was asked.
        let (queue, sink, desk) = try make(match: .regex("^(a+)+$", caseSensitive: true))
        let costly = MessageBatch.of(String(repeating: "a", count: 5000) + "b")
        desk.received(costly, over: .present)
        #expect(desk.regexLimitHits == 0)
        sink.opens(for: 10)
        queue.accept(batch("a"))
        queue.settle(1, as: .delivered)
        desk.received(costly, over: .predecessor)
        #expect(desk.regexLimitHits == 0)
        desk.received(costly, over: .present)
        #expect(desk.regexLimitHits == 1 && desk.stats.open == 1)
    }

    @Test("S9: a reply goes nowhere else either")
    func s9RepliesGoWhereTheyMay() throws {
        let (queue, sink, desk) = try make()
        sink.opens(for: 10)
        queue.accept(.requests([("a", ResponseAddress(topic: "alarm/siren", qos: 1))]))
        queue.settle(1, as: .delivered)
        desk.received(.of("1"), over: .present)
        #expect(broker.take() == [] && desk.stats == ReplyStats(open: 0, replied: 0, unanswered: [:]))
    }
}
