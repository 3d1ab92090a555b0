import NIOCore
import TestSupport
import Testing

@testable import BridgeCore

struct SessionStateMachineTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(1000 + seconds) }

    /// Two texts, an answer within 10 s, another within 5 s.
    private func machine(onFailure: SessionFailure? = nil) -> SessionStateMachine {
        SessionStateMachine(steps: [
            .init(timeout: nil), .init(timeout: .seconds(10), onFailure: onFailure), .init(timeout: .seconds(5)),
            .init(timeout: nil),
        ])
    }

    @Test func goesThroughItsSteps() {
        var machine = machine()
        #expect(machine.begin(now: at(0)) == .send(0..<2))
        #expect(machine.awaitedStep == 1)
        #expect(machine.nextDeadline == at(10))
        #expect(machine.matched(now: at(3)) == .send(2..<3))
        #expect(machine.nextDeadline == at(8))
        #expect(machine.matched(now: at(4)) == .sendAndFinish(3..<4))
        #expect(machine.state == .ready)
        #expect(machine.nextDeadline == nil)
        #expect(machine.matched(now: at(5)) == .doNothing)
    }

    @Test func withoutStepsItIsReadyAtOnce() {
        var machine = SessionStateMachine(steps: [])
        #expect(machine.begin(now: at(0)) == .sendAndFinish(0..<0))
        #expect(machine.state == .ready)
    }

    @Test func aTimeoutIsAReasonToReconnect() {
        var machine = machine()
        _ = machine.begin(now: at(0))
        #expect(machine.timerFired(now: at(9)) == .doNothing)
        #expect(machine.timerFired(now: at(10)) == .fail(step: 1, .reconnect))
        #expect(machine.state == .failed)
        #expect(machine.timerFired(now: at(10)) == .doNothing)
    }

    @Test func aRefusalIsAFault() {
        var machine = machine()
        _ = machine.begin(now: at(0))
        #expect(machine.refused() == .fail(step: 1, .fault))
        #expect(machine.refused() == .doNothing)
    }

    @Test func onFailureDecidesBoth() {
        var machine = machine(onFailure: .fault)
        _ = machine.begin(now: at(0))
        #expect(machine.timerFired(now: at(10)) == .fail(step: 1, .fault))
        machine = self.machine(onFailure: .reconnect)
        _ = machine.begin(now: at(0))
        #expect(machine.refused() == .fail(step: 1, .reconnect))
    }

    @Test func timeStandsStillWhilePaused() {
        var machine = machine()
        _ = machine.begin(now: at(0))
        machine.paused(now: at(8))
        #expect(machine.nextDeadline == nil)
        #expect(machine.timerFired(now: at(100)) == .doNothing)
        machine.resumed(now: at(100))
        #expect(machine.nextDeadline == at(102))
        #expect(machine.timerFired(now: at(102)) == .fail(step: 1, .reconnect))
    }

    @Test func afterStandingStillItReadsOnBeforeItJudges() {
        var machine = machine()
        _ = machine.begin(now: at(0))
        #expect(machine.timerFired(now: at(60)) == .doNothing)
        #expect(machine.nextDeadline == at(61))
        #expect(machine.matched(now: at(60)) == .send(2..<3))
    }

    @Test func eachConnectionBeginsAnew() {
        var machine = machine()
        _ = machine.begin(now: at(0))
        machine.ended()
        #expect(machine.awaitedStep == nil && machine.nextDeadline == nil)
        #expect(machine.begin(now: at(20)) == .send(0..<2))
        #expect(machine.nextDeadline == at(30))
    }

    @Test func whateverHappensItStaysInItsBounds() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            var machine = machine()
            var now = at(0)
            for _ in 0..<30 {
                now = now + .milliseconds(.random(in: 0...4000, using: &generator))
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: _ = machine.begin(now: now)
                case 1, 2: _ = machine.matched(now: now)
                case 3: _ = machine.timerFired(now: now)
                case 4: _ = machine.refused()
                case 5: machine.ended()
                case 6: machine.paused(now: now)
                default: machine.resumed(now: now)
                }
                if let step = machine.awaitedStep { #expect((1...2).contains(step)) }
            }
        }
    }
}
