import NIOCore
import Testing

@testable import WSClient

struct KeepAliveStateMachineTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    private func machine(pings: Bool = true) -> KeepAliveStateMachine {
        KeepAliveStateMachine(
            pings: pings ? .init(interval: .seconds(20), timeout: .seconds(10)) : nil,
            now: at(0)
        )
    }

    @Test func pingsEachInterval() {
        var machine = machine()
        #expect(machine.nextDeadline == at(20))
        #expect(machine.timerFired(now: at(19)) == .doNothing)
        #expect(machine.timerFired(now: at(20)) == .sendPing(number: 1))
        machine.receivedPong(number: 1, now: at(21))
        #expect(machine.nextDeadline == at(40))
        #expect(machine.timerFired(now: at(40)) == .sendPing(number: 2))
    }

    @Test func givesUpWithoutAPong() {
        var machine = machine()
        _ = machine.timerFired(now: at(20))
        #expect(machine.nextDeadline == at(30))
        #expect(machine.timerFired(now: at(29)) == .doNothing)
        #expect(machine.timerFired(now: at(30)) == .giveUpPong(after: .seconds(10)))
    }

    @Test func onlyAPongToOurPingCounts() {
        var machine = machine()
        machine.receivedPong(number: 1, now: at(1))
        _ = machine.timerFired(now: at(20))
        machine.receivedPong(number: 0, now: at(21))
        machine.receivedPong(number: 2, now: at(21))
        #expect(machine.timerFired(now: at(30)) == .giveUpPong(after: .seconds(10)))
    }

    @Test func aPongAnswersThePingsBefore() {
        var machine = KeepAliveStateMachine(
            pings: .init(interval: .seconds(5), timeout: .seconds(12)),
            now: at(0)
        )
        #expect(machine.timerFired(now: at(5)) == .sendPing(number: 1))
        #expect(machine.timerFired(now: at(10)) == .sendPing(number: 2))
        #expect(machine.timerFired(now: at(15)) == .sendPing(number: 3))
        machine.receivedPong(number: 2, now: at(16))
        #expect(machine.timerFired(now: at(17)) == .doNothing, "the first ping's deadline is over")
        #expect(machine.timerFired(now: at(20)) == .sendPing(number: 4))
        #expect(machine.timerFired(now: at(28)) == .giveUpPong(after: .seconds(12)))
    }

    @Test func deadlinesStandStillWhilePausedButPingsGoOn() {
        var machine = machine()
        #expect(machine.timerFired(now: at(20)) == .sendPing(number: 1))
        machine.paused(now: at(22))
        #expect(machine.nextDeadline == at(40), "only the next ping")
        #expect(machine.timerFired(now: at(30)) == .doNothing)
        #expect(machine.timerFired(now: at(40)) == .sendPing(number: 2))
        #expect(machine.timerFired(now: at(500)) == .sendPing(number: 3))
        machine.resumed(now: at(1000))
        #expect(machine.timerFired(now: at(1002)) == .sendPing(number: 4))
        #expect(machine.nextDeadline == at(1008), "eight seconds were left")
        #expect(machine.timerFired(now: at(1008)) == .giveUpPong(after: .seconds(10)))
    }

    @Test func aTimerThatFiresFarTooLateJudgesNothingBeforeWhatWaitsIsRead() {
        var machine = machine()
        #expect(machine.timerFired(now: at(20)) == .sendPing(number: 1))
        // The process was stopped from 21 to 100: the pong waits in the socket.
        #expect(machine.timerFired(now: at(100)) == .sendPing(number: 2))
        #expect(machine.nextDeadline == at(101), "a second to read on")
        machine.receivedPong(number: 1, now: at(100))
        #expect(machine.timerFired(now: at(101)) == .doNothing)
        #expect(machine.timerFired(now: at(110)) == .giveUpPong(after: .seconds(10)), "the second ping's")
    }

    @Test func aPingSentWhilePausedHasItsWholeTimeAfterwards() {
        var machine = machine()
        machine.paused(now: at(1))
        #expect(machine.timerFired(now: at(20)) == .sendPing(number: 1))
        machine.resumed(now: at(100))
        #expect(machine.timerFired(now: at(109)) == .sendPing(number: 2))
        #expect(machine.timerFired(now: at(110)) == .giveUpPong(after: .seconds(10)))
    }

    @Test func partsOfALongMessageGiveThePongTime() {
        var machine = machine()
        _ = machine.timerFired(now: at(20))
        machine.receivedPart(now: at(28))
        #expect(machine.timerFired(now: at(30)) == .doNothing)
        #expect(machine.timerFired(now: at(38)) == .giveUpPong(after: .seconds(10)))
    }

    @Test func switchedOffItNeverWakesAnyone() {
        var machine = machine(pings: false)
        #expect(machine.nextDeadline == nil)
        #expect(machine.timerFired(now: at(1000)) == .doNothing)
        machine.receivedPart(now: at(1))
        machine.receivedPong(number: 1, now: at(1))
        #expect(machine.nextDeadline == nil)
    }
}
