import NIOCore
import Testing

@testable import WSClient

struct ReadingClockTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(1000 + seconds) }

    @Test func showsRealTimeUntilItStandsStill() {
        var clock = ReadingClock()
        #expect(clock.time(at: at(5)) == at(5))
        clock.paused(now: at(5))
        #expect(clock.time(at: at(9)) == at(5))
        #expect(clock.realTime(of: at(7)) == nil)
        clock.resumed(now: at(15))
        #expect(clock.time(at: at(16)) == at(6))
        #expect(clock.realTime(of: at(7)) == at(17))
    }

    @Test func pausingTwiceIsPausingOnce() {
        var clock = ReadingClock()
        clock.paused(now: at(1))
        clock.paused(now: at(3))
        clock.resumed(now: at(5))
        clock.resumed(now: at(9))
        #expect(clock.time(at: at(10)) == at(6))
    }

    @Test func aDeadlinePassesInItsTime() {
        var clock = ReadingClock()
        #expect(clock.hasPassed(at(10), now: at(9)) == false)
        #expect(clock.hasPassed(at(10), now: at(10)) == true)
        #expect(clock.hasPassed(at(10), now: at(10) + .milliseconds(500)) == true)
        #expect(clock.time(at: at(11)) == at(11))
    }

    @Test func askedFarTooLateItTakesTheTimeBackAndGivesASecondMore() {
        var clock = ReadingClock()
        #expect(clock.hasPassed(at(10), now: at(70)) == false)
        #expect(clock.realTime(of: at(10)) == at(71))
        #expect(clock.hasPassed(at(10), now: at(70) + .milliseconds(900)) == false)
        #expect(clock.hasPassed(at(10), now: at(71)) == true)
        #expect(clock.realTime(of: at(12)) == at(73), "other deadlines have moved as well")
    }

    @Test func whilePausedNothingPasses() {
        var clock = ReadingClock()
        clock.paused(now: at(9))
        #expect(clock.hasPassed(at(10), now: at(500)) == false)
        #expect(clock.isPaused)
    }
}
