import NIOCore
import TestSupport
import Testing

@testable import WSClient

struct RenewalStateMachineTests {
    private var generator = BackoffTests.Highest()
    private var machine = RenewalStateMachine(before: .seconds(60), initialDelay: .seconds(1), maxDelay: .seconds(60))

    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    @Test mutating func waitsUntilTheLeadBeforeTheEnd() {
        #expect(machine.established(expires: at(3600), now: at(0)) == .wait(until: at(3540)))
        #expect(machine.timerFired() == .startRenewal)
        #expect(machine.timerFired() == .doNothing)
    }

    @Test mutating func aShortLifeIsHalved() {
        #expect(machine.established(expires: at(30), now: at(0)) == .waitForHalf(of: .seconds(30), until: at(15)))
        #expect(machine.established(expires: at(1), now: at(0)) == .waitForHalf(of: .seconds(1), until: at(1)))
    }

    @Test mutating func saysWhereItHasNoEffect() {
        #expect(machine.established(expires: nil, now: at(0)) == .sayUnknown)
        #expect(machine.established(expires: at(5), now: at(5)) == .sayExpired)
        #expect(machine.timerFired() == .doNothing)
        var without = RenewalStateMachine(before: nil, initialDelay: .seconds(1), maxDelay: .seconds(60))
        #expect(without.established(expires: at(3600), now: at(0)) == .doNothing)
    }

    @Test mutating func failuresAreRetriedLaterAndLater() {
        _ = machine.established(expires: at(3600), now: at(0))
        _ = machine.timerFired()
        #expect(machine.failed(.waiting, now: at(3540), using: &generator) == at(3541))
        _ = machine.timerFired()
        #expect(machine.failed(.waiting, now: at(3541), using: &generator) == at(3543))
        _ = machine.timerFired()
        #expect(machine.failed(.waiting, retryAfter: .seconds(30), now: at(3543), using: &generator) == at(3573))
        _ = machine.timerFired()
        #expect(machine.failed(.person, now: at(3573), using: &generator) == at(3648))
    }

    @Test("S14: a second refusal goes into the slow lane") mutating func refusals() {
        _ = machine.established(expires: at(3600), now: at(0))
        _ = machine.timerFired()
        #expect(machine.failed(.credentials, now: at(0), using: &generator) == at(1))
        _ = machine.timerFired()
        #expect(machine.failed(.credentials, now: at(1), using: &generator) == at(76))
    }

    @Test mutating func nothingComesAfterTheEnd() {
        _ = machine.established(expires: at(3600), now: at(0))
        machine.ended()
        #expect(machine.timerFired() == .doNothing)
    }
}
