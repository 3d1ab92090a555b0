import NIOCore
import Testing

@testable import MQTTAdapter

@Suite struct KeepAliveTests {
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    @Test func silenceIsAskedAboutAndThenGivenUp() {
        var keepAlive = KeepAlive(interval: .seconds(30), now: start)
        #expect(keepAlive.deadline == at(30))
        #expect(keepAlive.due(now: at(29)) == .doNothing)
        #expect(keepAlive.due(now: at(30)) == .sendPing)
        #expect(keepAlive.due(now: at(59)) == .doNothing)
        #expect(keepAlive.due(now: at(60)) == .giveUp)
    }

    @Test func anAnswerKeepsIt() {
        var keepAlive = KeepAlive(interval: .seconds(30), now: start)
        #expect(keepAlive.due(now: at(30)) == .sendPing)
        keepAlive.read(now: at(31))
        #expect(keepAlive.deadline == at(60))
        #expect(keepAlive.due(now: at(60)) == .sendPing)
    }

    @Test func whoWritesAllTheTimeStillAsksASilentServer() {
        var keepAlive = KeepAlive(interval: .seconds(30), now: start)
        for second in 1...29 { keepAlive.wrote(now: at(Int64(second))) }
        #expect(keepAlive.due(now: at(30)) == .sendPing)
        for second in 31...59 { keepAlive.wrote(now: at(Int64(second))) }
        #expect(keepAlive.due(now: at(60)) == .giveUp)
    }

    @Test func theDeadlineStandsStillWhileReadingIsPaused() {
        var keepAlive = KeepAlive(interval: .seconds(30), now: start)
        #expect(keepAlive.due(now: at(30)) == .sendPing)
        keepAlive.readingPaused()
        for minute in 1...100 { #expect(keepAlive.due(now: at(Int64(60 * minute))) == .sendPing) }
        keepAlive.readingResumed(now: at(6_001))
        #expect(keepAlive.due(now: at(6_002)) == .doNothing)
        #expect(keepAlive.due(now: at(6_031)) == .sendPing)
        #expect(keepAlive.due(now: at(6_061)) == .giveUp)
    }

    @Test func switchedOffItSaysNothing() {
        var keepAlive = KeepAlive(interval: nil, now: start)
        #expect(keepAlive.deadline == nil)
        #expect(keepAlive.due(now: at(1_000_000)) == .doNothing)
    }

    /// Reading that goes on is no answer, and an experiment must not take it for one.
    @Test func onlyBytesAreAnAnswer() {
        let start = NIODeadline.now()
        var keepAlive = KeepAlive(interval: .seconds(10), now: start)
        keepAlive.readingPaused()
        keepAlive.readingResumed(now: start + .seconds(2))
        #expect(!keepAlive.hasRead(since: start + .seconds(1)))
        keepAlive.read(now: start + .seconds(3))
        #expect(keepAlive.hasRead(since: start + .seconds(1)))
        #expect(!keepAlive.hasRead(since: start + .seconds(3)))
    }
}

@Suite struct GuardTests {
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test("S16: a loop that gets nowhere is noticed") func aLoopThatGetsNowhereIsNoticed() {
        var spinning = SpinGuard(now: start)
        let times = (0..<SpinGuard.limit).map { spinning.wokeInVain(now: start + .microseconds(Int64($0))) }
        #expect(times.last == true)
        #expect(times.dropLast().allSatisfy { !$0 })

        var slow = SpinGuard(now: start)
        for wakeUp in 0..<10_000 { #expect(slow.wokeInVain(now: start + .milliseconds(Int64(wakeUp) * 5)) == false) }
    }

    @Test func theOldestMessagesAgeIsBoundedByProgress() {
        var stall = StallGuard(now: start)
        #expect(stall.deadline == start + .seconds(60))
        stall.progressed(now: start + .seconds(59))
        #expect(stall.deadline == start + .seconds(119))
    }

    @Test func writesWaitForTheRunsThatHoldAcknowledgedMessages() {
        var gate = AcceptanceGate()
        #expect(gate.mayWrite && gate.mayRead)
        let first = gate.deliver(isAcknowledged: false, bytes: 10)
        #expect(gate.mayWrite && gate.mayRead)
        let second = gate.deliver(isAcknowledged: true, bytes: 10)
        #expect(!gate.mayWrite && !gate.mayRead)
        gate.accept(first)
        #expect(!gate.mayWrite)
        gate.accept(second)
        #expect(gate.mayWrite && gate.mayRead)
    }

    @Test func runsAtQoS0AreBoundedToo() {
        var gate = AcceptanceGate()
        for _ in 0..<AcceptanceGate.mostRuns { _ = gate.deliver(isAcknowledged: false, bytes: 10) }
        #expect(gate.mayWrite)
        #expect(!gate.mayRead)
        gate.accept(1)
        #expect(gate.mayRead)
    }

    @Test func largeRunsAreBoundedByTheirBytes() {
        var gate = AcceptanceGate()
        let large = gate.deliver(isAcknowledged: false, bytes: 16 << 20)
        #expect(gate.mayWrite && !gate.mayRead)
        gate.accept(large)
        #expect(gate.mayRead)
    }

    @Test func aLostConnectionWithholdsNothingFromTheNext() {
        var gate = AcceptanceGate()
        let run = gate.deliver(isAcknowledged: true, bytes: 10)
        gate.connectionLost()
        #expect(gate.mayWrite)
        // Late, and of no meaning any more.
        gate.accept(run)
        gate.accept(run + 100)
        #expect(gate.mayWrite)
        _ = gate.deliver(isAcknowledged: true, bytes: 10)
        #expect(!gate.mayWrite)
    }
}
