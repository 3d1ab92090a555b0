import BridgeTestSupport
import Logging
import TestSupport
import Testing

@testable import BridgeCore

struct RouteQueueTests {
    @Test func aWillingSinkGetsTheLiveBatchAndNothingIsKept() {
        let (queue, sink) = make(settlesLater: false)
        sink.opens(for: 10)
        queue.accept(.of("a", "b"))
        #expect(sink.taken == ["a", "b"])
        #expect(queue.currentBalance.delivered == 2)
        #expect(queue.isEmpty)
    }

    @Test func whatTheSinkLeavesIsKeptAndOfferedWhenItIsReady() {
        let (queue, sink) = make(settlesLater: false)
        sink.opens(for: 1)
        queue.accept(.of("a", "b", "c"))
        #expect(sink.taken == ["a"])
        #expect(queue.currentBalance.queued == 2)
        queue.accept(.of("d"))
        #expect(sink.taken == ["a"])
        sink.opens(for: 10)
        #expect(sink.taken == ["a", "b", "c", "d"])
        #expect(queue.currentBalance.delivered == 4)
    }

    @Test func aSinkThatSettlesLaterIsDeliveredOnlyThen() {
        let (queue, sink) = make(settlesLater: true)
        sink.opens(for: 10)
        queue.accept(.of("a", "b", "c"))
        #expect(queue.currentBalance.delivered == 0)
        #expect(queue.currentBalance.queued == 3)
        queue.settle(2, as: .delivered)
        queue.settle(1, as: .dropped(.refused))
        #expect(queue.currentBalance.delivered == 2)
        #expect(queue.currentBalance.dropped == [.refused: 1])
        #expect(queue.isEmpty)
    }

    @Test func whatWasInFlightIsOfferedAgainInOrderAfterALoss() {
        let (queue, sink) = make(settlesLater: true)
        sink.opens(for: 2)
        queue.accept(.of("a", "b", "c"))
        queue.settle(1, as: .delivered)
        queue.sinkLostWhatWasInFlight()
        sink.opens(for: 10)
        #expect(sink.taken == ["a", "b", "b", "c"])
    }

    @Test func aSinkMaySettleAndLoseWhileItIsOfferedMessages() {
        let (queue, sink) = make(settlesLater: true)
        sink.whileTaking = {
            sink.whileTaking = nil
            queue.settle(1, as: .dropped(.topicInvalid))
        }
        sink.opens(for: 2)
        queue.accept(.of("a", "b"))
        #expect(queue.currentBalance.dropped == [.topicInvalid: 1])
        #expect(queue.currentBalance.queued == 1)
    }

    @Test func aBlockingQueuePausesItsSourceAtHighWaterAndResumesAtLowWater() {
        let (queue, sink) = make(settlesLater: false, maxBytes: 8 * 65)
        let gate = RecordingGate()
        queue.gate = gate
        queue.accept(.of("1", "2", "3", "4", "5"))
        #expect(gate.events.isEmpty)
        queue.accept(.of("6"))
        #expect(gate.events == ["filled"])
        queue.accept(.of("7", "8", "9", "10"))
        #expect(queue.currentBalance.queued == 10, "what was read already is kept")
        sink.opens(for: 5)
        #expect(gate.events == ["filled"])
        sink.opens(for: 2)
        #expect(gate.events == ["filled", "drained"])
        #expect(queue.currentBalance.dropped.isEmpty)
    }

    @Test func dropNewestKeepsTheOldOnes() {
        let (queue, sink) = make(settlesLater: false, whenFull: .dropNewest, maxBytes: 3 * 65)
        queue.accept(.of("1", "2", "3", "4", "5"))
        #expect(queue.currentBalance.dropped == [.queueFull: 2])
        sink.opens(for: 10)
        #expect(sink.taken == ["1", "2", "3"])
    }

    @Test func dropOldestKeepsTheNewOnes() {
        let (queue, sink) = make(settlesLater: false, whenFull: .dropOldest, maxBytes: 3 * 65)
        queue.accept(.of("1", "2", "3", "4", "5"))
        #expect(queue.currentBalance.dropped == [.queueFull: 2])
        sink.opens(for: 10)
        #expect(sink.taken == ["3", "4", "5"])
    }

    @Test(arguments: [QueuePolicy.WhenFull.block, .dropOldest, .dropNewest])
    func oneMessageLargerThanTheBoundStillPasses(whenFull: QueuePolicy.WhenFull) {
        let (queue, sink) = make(settlesLater: true, whenFull: whenFull, maxBytes: 100)
        sink.opens(for: 10)
        let large = String(repeating: "x", count: 1000)
        queue.accept(.of(large))
        queue.settle(1, as: .delivered)
        #expect(sink.taken == [large])
        #expect(queue.currentBalance.delivered == 1)
    }

    @Test func theRuleForAnAbsentReaderHoldsOnlyWhileItIsAbsent() {
        let (queue, sink) = make(settlesLater: false, whenFull: .block, whenAway: .dropOldest, maxBytes: 2 * 65)
        let gate = RecordingGate()
        queue.gate = gate
        queue.sinkIsAway(because: .noReader)
        queue.accept(.of("1", "2", "3"))
        #expect(queue.currentBalance.dropped == [.noReader: 1])
        #expect(gate.events.isEmpty)
        sink.opens(for: 0)
        queue.accept(.of("4"))
        #expect(gate.events == ["filled"])
        queue.sinkIsAway(because: .noReader)
        #expect(gate.events == ["filled", "drained"])
    }

    @Test func aFailedSinkRefusesAndWorksAgainOnceItIsReady() {
        let (queue, sink) = make(settlesLater: false)
        queue.accept(.of("waits"))
        queue.sinkFailed(because: "/tmp/x is no FIFO")
        queue.accept(.of("1", "2"))
        #expect(queue.currentBalance.dropped == [.refused: 3])
        #expect(queue.failure == "/tmp/x is no FIFO")
        sink.opens(for: 1)
        queue.accept(.of("3"))
        #expect(sink.taken == ["3"])
        #expect(queue.failure == nil)
    }

    @Test("a sink may fail while it is offered messages that waited", arguments: [true, false])
    func failsWhileItIsOfferedWhatWaited(settlesLater: Bool) {
        let (queue, sink) = make(settlesLater: settlesLater)
        queue.accept(.of("1", "2", "3"))
        sink.whileTaking = {
            sink.whileTaking = nil
            queue.sinkFailed(because: "it is gone")
        }
        sink.opens(for: 2)
        #expect(sink.taken == ["1", "2"])
        let balance = queue.currentBalance
        #expect(balance.delivered == (settlesLater ? 0 : 2), "what it took before is not refused as well")
        #expect(balance.dropped == [.refused: settlesLater ? 3 : 1])
        #expect(queue.isEmpty && balance.isBalanced && queue.failure == "it is gone")
    }

    @Test("a sink may fail while it is offered a live batch: nothing waits behind it")
    func failsWhileItIsOfferedALiveBatch() {
        let (queue, sink) = make(settlesLater: false)
        sink.opens(for: 2)
        sink.whileTaking = {
            sink.whileTaking = nil
            queue.sinkFailed(because: "it is gone")
        }
        queue.accept(.of("1", "2", "3"))
        #expect(queue.currentBalance.delivered == 2 && queue.currentBalance.dropped == [.refused: 1])
        #expect(queue.isEmpty && queue.failure == "it is gone")
        sink.opens(for: 1)
        queue.accept(.of("4"))
        #expect(sink.taken == ["1", "2", "4"] && queue.failure == nil)
    }

    @Test func whatIsLeftAtTheEndIsCountedAsShutdown() {
        let (queue, _) = make(settlesLater: true)
        queue.accept(.of("1", "2"))
        #expect(queue.abandon() == 2)
        #expect(queue.currentBalance.dropped == [.shutdown: 2])
        queue.accept(.of("3"))
        queue.settle(1, as: .delivered)
        #expect(queue.currentBalance.isBalanced)
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func balancesAndKeepsOrderOverRandomHistories(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let settlesLater = Bool.random(using: &random)
        let policies: [QueuePolicy.WhenFull] = [.block, .dropOldest, .dropNewest]
        let (queue, sink) = make(
            settlesLater: settlesLater,
            whenFull: policies.randomElement(using: &random)!,
            maxBytes: 20 * 70
        )
        var number = 0
        var inFlight = 0
        for _ in 0..<400 {
            let takenBefore = sink.taken.count
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                let texts = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                    number += 1
                    return "\(number)"
                }
                queue.accept(.of(texts))
            case 2: sink.opens(for: Int.random(in: 0...8, using: &random))
            case 3 where settlesLater && inFlight > 0:
                let count = Int.random(in: 1...inFlight, using: &random)
                inFlight -= count
                queue.settle(count, as: Bool.random(using: &random) ? .delivered : .dropped(.refused))
            case 4 where settlesLater && Int.random(in: 0..<10, using: &random) == 0:
                queue.sinkLostWhatWasInFlight()
                inFlight = 0
            default: break
            }
            if settlesLater { inFlight += sink.taken.count - takenBefore }
            let balance = queue.currentBalance
            #expect(balance.isBalanced)
            #expect(balance.matched == number)
        }
        if !settlesLater { #expect(sink.taken.compactMap { Int($0) } == sink.taken.compactMap { Int($0) }.sorted()) }
    }
}

private final class RecordingGate: QueueGate {
    var events: [String] = []
    func queueFilled(_ queue: RouteQueue) { events.append("filled") }
    func queueDrained(_ queue: RouteQueue) { events.append("drained") }
    func queueSecured(_ queue: RouteQueue) { events.append("secured") }
}

private func make(
    settlesLater: Bool,
    whenFull: QueuePolicy.WhenFull = .block,
    whenAway: QueuePolicy.WhenFull? = nil,
    maxBytes: Int = 1 << 20
) -> (RouteQueue, ScriptedSink) {
    let sink = ScriptedSink(settlesLater: settlesLater)
    let queue = RouteQueue(
        route: "r",
        sink: sink,
        policy: QueuePolicy(whenFull: whenFull, whenAway: whenAway, maxBytes: maxBytes),
        store: MemoryStore(),
        log: .silent
    )
    return (queue, sink)
}
