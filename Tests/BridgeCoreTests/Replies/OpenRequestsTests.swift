import NIOCore
import TestSupport
import Testing

@testable import BridgeCore

/// Which reply is for which request.
struct OpenRequestsTests {
    private let a = ResponseAddress(topic: "replies/a", qos: 1)
    private let b = ResponseAddress(topic: "replies/b", qos: 1)
    private let c = ResponseAddress(topic: "replies/c", qos: 1)

    private func at(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(0) + .milliseconds(1_000_000 + milliseconds)
    }

    private func requests(limit: Int = 100) -> OpenRequests { OpenRequests(timeout: .seconds(5), limit: limit) }

    /// These are given, and sent.
    private func open(_ addresses: ResponseAddress..., limit: Int = 100) -> OpenRequests {
        var requests = requests(limit: limit)
        for address in addresses { requests.given(address) }
        for address in addresses {
            #expect(requests.sent(address, now: at(0)) == .wait)
        }
        return requests
    }

    @Test func theOldestGetsTheNextReply() {
        var requests = open(a, b)
        #expect(requests.count == 2 && requests.isAwaiting(over: .present))
        #expect(requests.replied(over: .present) == .answer(a))
        #expect(requests.replied(over: .present) == .answer(b))
        #expect(requests.count == 0 && !requests.isAwaiting(over: .present))
        #expect(requests.replied(over: .present) == .doNothing)
        #expect(requests.nextDeadline == nil)
    }

    @Test func aReplyMayComeBeforeTheRequestIsKnownToBeSent() {
        var requests = requests()
        for address in [a, b, c] { requests.given(address) }
        #expect(requests.replied(over: .present) == .answer(a))
        #expect(requests.sent(a, now: at(0)) == .doNothing)
        #expect(requests.sent(b, now: at(0)) == .wait)
        // b was sent before c was: it is the next one's.
        #expect(requests.replied(over: .present) == .answer(b))
        #expect(requests.replied(over: .present) == .answer(c))
        #expect(!requests.isAwaiting(over: .present) && requests.count == 0)
        #expect(requests.sent(c, now: at(0)) == .doNothing)
        #expect(requests.nextDeadline == nil)
    }

    @Test func withoutAReplyItEndsInTime() {
        var requests = requests()
        requests.given(a)
        requests.given(b)
        #expect(requests.nextDeadline == nil, "the time runs from when it was sent")
        #expect(requests.sent(a, now: at(0)) == .wait)
        #expect(requests.sent(b, now: at(1000)) == .wait)
        #expect(requests.nextDeadline == at(5000))
        #expect(requests.timerFired(now: at(4999)) == [])
        #expect(requests.timerFired(now: at(5000)) == [a])
        #expect(requests.nextDeadline == at(6000))
        #expect(requests.replied(over: .present) == .answer(b))
        #expect(requests.timerFired(now: at(6000)) == [])
    }

    @Test func timeStandsStillWhileNobodyCouldRead() {
        var requests = open(a)
        requests.readingPaused(now: at(1000))
        #expect(requests.nextDeadline == nil)
        #expect(requests.timerFired(now: at(9000)) == [])
        requests.readingResumed(now: at(9000))
        #expect(requests.nextDeadline == at(13_000))
        // The process itself stood still: what waits in the socket is read first.
        #expect(requests.timerFired(now: at(60_000)) == [])
        #expect(requests.nextDeadline == at(61_000))
        #expect(requests.timerFired(now: at(61_000)) == [a])
    }

    @Test func aLostConnectionEndsWhatWasSentAndNothingElse() {
        var requests = open(a)
        requests.given(b)
        requests.given(c)
        #expect(requests.connectionLost() == [a])
        #expect(requests.count == 0 && !requests.isAwaiting(over: .present))
        // The queue gives the others to the next connection.
        requests.given(b)
        requests.given(c)
        #expect(requests.sent(b, now: at(0)) == .wait)
        #expect(requests.replied(over: .present) == .answer(b))
    }

    @Test func whatIsAnsweredAndThenSentAgainIsNotAnsweredAgain() {
        var requests = requests()
        requests.given(a)
        requests.given(b)
        #expect(requests.replied(over: .present) == .answer(a))
        #expect(requests.connectionLost() == [])
        requests.given(a)
        requests.given(b)
        #expect(requests.sent(a, now: at(0)) == .doNothing)
        #expect(requests.sent(b, now: at(0)) == .wait)
        // The server answers a second time: that is not for b.
        #expect(requests.replied(over: .present) == .doNothing)
        #expect(requests.replied(over: .present) == .answer(b))
    }

    @Test func whatIsAnsweredAndThenDroppedIsNotAnsweredAgain() {
        var requests = requests()
        requests.given(a)
        #expect(requests.replied(over: .present) == .answer(a))
        #expect(requests.connectionLost() == [])
        let isToldAgain = requests.dropped(a)
        #expect(!isToldAgain)
        let isTold = requests.dropped(a)
        #expect(isTold, "another request of the same address")
    }

    @Test func theConnectionBeforeAnswersWhatItWasAsked() {
        var requests = open(a, b)
        #expect(requests.renewed() == [])
        requests.given(c)
        #expect(requests.sent(c, now: at(100)) == .wait)
        #expect(requests.replied(over: .present) == .answer(c), "a and b were asked over the other one")
        #expect(!requests.isAwaiting(over: .present) && requests.isAwaiting(over: .predecessor))
        #expect(requests.replied(over: .predecessor) == .answer(a))
        #expect(requests.nextDeadline == at(5000))
        #expect(requests.predecessorEnded() == [b])
        #expect(requests.count == 0)
    }

    @Test func aLostConnectionLeavesTheOneBeforeItAlone() {
        var requests = open(a)
        #expect(requests.renewed() == [])
        requests.given(b)
        #expect(requests.sent(b, now: at(0)) == .wait)
        #expect(requests.connectionLost() == [b])
        #expect(requests.timerFired(now: at(5000)) == [a])
        #expect(requests.renewed() == [])
    }

    @Test func aboveTheLimitNobodyWaitsButTheOrderHolds() {
        var requests = open(a, limit: 1)
        requests.given(b)
        requests.given(b)
        #expect(requests.sent(b, now: at(0)) == .tell(.tooManyRequests))
        #expect(requests.sent(b, now: at(0)) == .tell(.tooManyRequests))
        #expect(requests.count == 1)
        #expect(requests.replied(over: .present) == .answer(a))
        requests.given(c)
        #expect(requests.sent(c, now: at(0)) == .wait)
        #expect(requests.replied(over: .present) == .doNothing)
        #expect(requests.replied(over: .present) == .doNothing)
        #expect(requests.replied(over: .present) == .answer(c))
    }

    @Test func atTheEndNothingIsWaitedFor() {
        var requests = open(a)
        #expect(requests.stop() == [a] && requests.count == 0)
        #expect(!requests.isAwaiting(over: .present) && requests.nextDeadline == nil)
        // What drains is not asked any more.
        requests.given(b)
        #expect(requests.replied(over: .present) == .doNothing)
        #expect(requests.sent(b, now: at(0)) == .tell(.shutdown))
        #expect(requests.nextDeadline == nil)
    }

    @Test func whatIsGivenUpAtTheEndIsAnsweredOnce() {
        var requests = requests()
        requests.given(b)
        requests.given(c)
        #expect(requests.replied(over: .present) == .answer(b))
        #expect(requests.stop() == [])
        // The queue gives up both.
        let isToldB = requests.dropped(b)
        let isToldC = requests.dropped(c)
        #expect(!isToldB && isToldC)
    }

    /// Against a line of numbered requests: whatever happens, each is answered exactly once.
    @Test(arguments: 0..<200)
    func eachIsAnsweredExactlyOnce(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var requests = OpenRequests(timeout: .seconds(5), limit: 8)
        var now = at(0)
        var answers: [String: Int] = [:]
        var asked = 0
        var isBounded = true
        var waiting: [ResponseAddress] = []
        var inFlight: [ResponseAddress] = []
        func tell(_ addresses: [ResponseAddress]) {
            for address in addresses { answers[address.topic, default: 0] += 1 }
        }
        for _ in 0..<400 {
            now = now + .milliseconds(Int64.random(in: 0...400, using: &random))
            switch Int.random(in: 0..<12, using: &random) {
            case 0...2:
                waiting.append(ResponseAddress(topic: "\(asked)", qos: 1))
                asked += 1
            case 3...4:
                guard !waiting.isEmpty else { continue }
                inFlight.append(waiting.removeFirst())
                requests.given(inFlight[inFlight.count - 1])
            case 5...6:
                guard !inFlight.isEmpty else { continue }
                let first = inFlight.removeFirst()
                if case .tell = requests.sent(first, now: now) { tell([first]) }
            case 7...8:
                if case .answer(let address) = requests.replied(over: .present) { tell([address]) }
            case 9:
                guard !waiting.isEmpty else { continue }
                let dropped = waiting.removeFirst()
                if requests.dropped(dropped) { tell([dropped]) }
            case 10:
                guard Int.random(in: 0..<5, using: &random) == 0 else { continue }
                tell(requests.connectionLost())
                waiting = inFlight + waiting
                inFlight = []
            default:
                if let deadline = requests.nextDeadline, deadline <= now { tell(requests.timerFired(now: deadline)) }
                if inFlight.isEmpty, Int.random(in: 0..<4, using: &random) == 0 { tell(requests.renewed()) }
            }
            isBounded = isBounded && (0...8).contains(requests.count)
        }
        tell(requests.stop())
        for address in inFlight + waiting where requests.dropped(address) { tell([address]) }
        #expect(answers.count == asked && answers.values.allSatisfy { $0 == 1 })
        #expect(isBounded)
    }
}
