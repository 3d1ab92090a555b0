import NIOCore
import Testing

@testable import WSClient

struct KeepAliveStateMachineTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    private func machine(interval: Int64 = 20, timeout: Int64 = 10, sendsPings: Bool = true) -> KeepAliveStateMachine {
        KeepAliveStateMachine(
            .init(interval: .seconds(interval), timeout: .seconds(timeout), sendsPings: sendsPings),
            now: at(0)
        )
    }

    @Test func pingsEachInterval() {
        var machine = machine()
        #expect(machine.nextDeadline == at(20))
        #expect(machine.timerFired(now: at(19)) == .doNothing)
        #expect(machine.timerFired(now: at(20)) == .sendPing(number: 1))
        machine.receivedPong()
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

    @Test("RFC 6455 5.5.3: any pong after a ping shows life, whatever it carries") func anyPongCounts() {
        var machine = machine()
        machine.receivedPong()
        #expect(!machine.hasSeenPong, "nothing was asked yet")
        _ = machine.timerFired(now: at(20))
        machine.receivedPong()
        #expect(machine.hasSeenPong)
        #expect(machine.timerFired(now: at(30)) == .doNothing)
        #expect(machine.timerFired(now: at(40)) == .sendPing(number: 2))
        #expect(machine.timerFired(now: at(50)) == .giveUpPong(after: .seconds(10)), "each ping wants one of its own")
    }

    @Test func aPongBeforeThePingIsNoAnswer() {
        var machine = machine()
        machine.receivedPong()
        _ = machine.timerFired(now: at(20))
        #expect(machine.timerFired(now: at(30)) == .giveUpPong(after: .seconds(10)))
    }

    @Test func aPongAnswersThePingsBefore() {
        var machine = machine(interval: 5, timeout: 12)
        #expect(machine.timerFired(now: at(5)) == .sendPing(number: 1))
        #expect(machine.timerFired(now: at(10)) == .sendPing(number: 2))
        #expect(machine.timerFired(now: at(15)) == .sendPing(number: 3))
        machine.receivedPong()
        #expect(machine.timerFired(now: at(17)) == .doNothing, "the first ping's deadline is over")
        #expect(machine.timerFired(now: at(20)) == .sendPing(number: 4))
        #expect(machine.timerFired(now: at(25)) == .sendPing(number: 5))
        #expect(machine.timerFired(now: at(30)) == .sendPing(number: 6))
        #expect(machine.timerFired(now: at(32)) == .giveUpPong(after: .seconds(12)))
    }

    @Test func deadlinesStandStillWhilePausedButPingsGoOn() {
        var machine = machine()
        #expect(machine.timerFired(now: at(20)) == .sendPing(number: 1))
        machine.paused(now: at(22))
        #expect(machine.nextDeadline == at(40), "only the next ping")
        #expect(machine.timerFired(now: at(30)) == .doNothing)
        #expect(machine.timerFired(now: at(40)) == .sendPingAndUnaskedPong(number: 2))
        #expect(machine.timerFired(now: at(500)) == .sendPingAndUnaskedPong(number: 3))
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
        machine.receivedPong()
        #expect(machine.timerFired(now: at(101)) == .doNothing)
        #expect(machine.timerFired(now: at(120)) == .sendPing(number: 3))
    }

    @Test func aPingSentWhilePausedHasItsWholeTimeAfterwards() {
        var machine = machine()
        machine.paused(now: at(1))
        #expect(machine.timerFired(now: at(20)) == .sendPingAndUnaskedPong(number: 1))
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
        var machine = machine(sendsPings: false)
        #expect(machine.nextDeadline == nil)
        #expect(machine.timerFired(now: at(1000)) == .doNothing)
        machine.receivedPart(now: at(1))
        machine.receivedPong()
        #expect(machine.nextDeadline == nil)
    }

    @Test func withoutPingsAPausedConnectionStillPongsUnasked() {
        var machine = machine(sendsPings: false)
        machine.paused(now: at(100))
        #expect(machine.nextDeadline == at(120))
        #expect(machine.timerFired(now: at(119)) == .doNothing)
        #expect(machine.timerFired(now: at(120)) == .sendUnaskedPong)
        #expect(machine.nextDeadline == at(140))
        #expect(machine.timerFired(now: at(140)) == .sendUnaskedPong)
        machine.resumed(now: at(150))
        #expect(machine.nextDeadline == nil)
        #expect(machine.timerFired(now: at(160)) == .doNothing)
        machine.paused(now: at(161))
        #expect(machine.nextDeadline == at(181), "a whole interval after the pause began")
    }
}
