import NIOCore
import Testing

@testable import BridgeCore

struct LivenessStateMachineTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(1000 + seconds) }

    private func machine(
        every: Int64? = nil,
        timeout: Int64? = nil,
        within: Int64? = nil,
        silence: Int64? = nil
    ) -> LivenessStateMachine {
        var machine = LivenessStateMachine(
            beats: [.init(every: every.map { .seconds($0) }, timeout: timeout.map { .seconds($0) })],
            within: within.map { .seconds($0) },
            silence: silence.map { .seconds($0) }
        )
        machine.established(now: at(0))
        machine.ready(now: at(0))
        return machine
    }

    @Test func beatsAndIsAnswered() {
        var machine = machine(every: 15, timeout: 10)
        #expect(machine.nextDeadline == at(15))
        #expect(machine.timerFired(now: at(14)) == .doNothing)
        #expect(machine.timerFired(now: at(15)) == .sendHeartbeat(0))
        #expect(machine.nextDeadline == at(25))
        machine.answered(0)
        #expect(machine.nextDeadline == at(30))
        #expect(machine.timerFired(now: at(30)) == .sendHeartbeat(0))
    }

    @Test func givesUpWithoutAnAnswerThoughDataCome() {
        var machine = machine(every: 15, timeout: 10)
        _ = machine.timerFired(now: at(15))
        machine.receivedMessages(haveData: true, now: at(24))
        #expect(machine.timerFired(now: at(25)) == .giveUpAnswer(after: .seconds(10)))
        #expect(machine.nextDeadline == nil, "nothing is watched any more")
        machine.receivedMessages(haveData: true, now: at(26))
        #expect(machine.nextDeadline == nil)
    }

    @Test func aSlowAnswerIsJudgedByTheFirstBeatThatWaits() {
        var machine = machine(every: 5, timeout: 12)
        #expect(machine.timerFired(now: at(5)) == .sendHeartbeat(0))
        #expect(machine.timerFired(now: at(10)) == .sendHeartbeat(0))
        #expect(machine.timerFired(now: at(17)) == .giveUpAnswer(after: .seconds(12)))
    }

    @Test func withoutATimeoutItOnlySends() {
        var machine = machine(every: 15)
        #expect(machine.timerFired(now: at(15)) == .sendHeartbeat(0))
        #expect(machine.timerFired(now: at(30)) == .sendHeartbeat(0))
    }

    @Test func anyMessageShowsThatTheServerLives() {
        var machine = machine(within: 30)
        machine.receivedMessages(haveData: false, now: at(20))
        #expect(machine.timerFired(now: at(30)) == .doNothing)
        #expect(machine.timerFired(now: at(50)) == .giveUpHeartbeat(after: .seconds(30)))
    }

    @Test func onlyDataBreakTheSilence() {
        var machine = machine(every: 10, timeout: 5, silence: 30)
        machine.receivedMessages(haveData: true, now: at(5))
        for second in [10, 20, 30] as [Int64] {
            #expect(machine.timerFired(now: at(second)) == .sendHeartbeat(0))
            machine.answered(0)
            machine.receivedMessages(haveData: false, now: at(second + 1))
        }
        #expect(machine.nextDeadline == at(35))
        #expect(machine.timerFired(now: at(35)) == .giveUpSilence(after: .seconds(30)))
    }

    @Test func deadlinesStandStillWhilePausedButHeartbeatsGoOn() {
        var machine = machine(every: 20, timeout: 10, silence: 25)
        #expect(machine.timerFired(now: at(20)) == .sendHeartbeat(0))
        machine.paused(now: at(22))
        #expect(machine.nextDeadline == at(40))
        #expect(machine.timerFired(now: at(40)) == .sendHeartbeat(0))
        #expect(machine.timerFired(now: at(500)) == .sendHeartbeat(0))
        machine.resumed(now: at(500))
        #expect(machine.nextDeadline == at(503), "three seconds of silence were left")
        #expect(machine.timerFired(now: at(503)) == .giveUpSilence(after: .seconds(25)))
    }

    @Test func afterStandingStillItReadsOnBeforeItJudges() {
        var machine = machine(every: 15, timeout: 10)
        _ = machine.timerFired(now: at(15))
        #expect(machine.timerFired(now: at(300)) == .sendHeartbeat(0))
        machine.answered(0)
        #expect(machine.timerFired(now: at(302)) == .doNothing)
    }

    @Test func nothingIsDueWithoutAConnection() {
        var machine = machine(every: 15, timeout: 10, within: 30, silence: 30)
        machine.ended()
        #expect(machine.nextDeadline == nil)
        #expect(machine.timerFired(now: at(1000)) == .doNothing)
        machine.established(now: at(1000))
        #expect(machine.nextDeadline == at(1030))
    }

    @Test func heartbeatsBeginWhenTheSessionIsThrough() {
        var machine = LivenessStateMachine(beats: [.init(every: .seconds(5), timeout: nil)], within: nil, silence: nil)
        machine.established(now: at(0))
        #expect(machine.nextDeadline == nil)
        machine.ready(now: at(7))
        #expect(machine.nextDeadline == at(12))
    }
}
