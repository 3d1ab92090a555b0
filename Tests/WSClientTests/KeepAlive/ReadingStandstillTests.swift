import NIOCore
import Testing

@testable import WSClient

struct ReadingStandstillTests {
    private func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    @Test func aPauseCountsFromItsFirstMoment() {
        var standstill = ReadingStandstill()
        #expect(standstill.length(at: at(0)) == nil)
        standstill.paused(now: at(10))
        standstill.paused(now: at(20))
        #expect(standstill.length(at: at(10)) == .zero)
        #expect(standstill.length(at: at(3010)) == .seconds(3))
    }

    @Test func itCountsUntilWhatWaitedIsRead() {
        var standstill = ReadingStandstill()
        standstill.paused(now: at(0))
        standstill.resumed(now: at(2000))
        standstill.resumed(now: at(9000))
        #expect(standstill.length(at: at(7000)) == .seconds(2))
        #expect(standstill.length(at: at(7001)) == nil)
    }

    @Test func aShortOneThatIsOverDroveNobodyAway() {
        var standstill = ReadingStandstill()
        standstill.paused(now: at(0))
        standstill.resumed(now: at(999))
        #expect(standstill.length(at: at(1000)) == nil)
    }

    @Test func manyShortOnesAddUp() {
        var standstill = ReadingStandstill()
        for round in 0..<10 {
            standstill.paused(now: at(Int64(round) * 200))
            standstill.resumed(now: at(Int64(round) * 200 + 150))
        }
        #expect(standstill.length(at: at(2000)) == .milliseconds(1500))
        standstill.paused(now: at(2000))
        #expect(standstill.length(at: at(2500)) == .seconds(2))
        standstill.resumed(now: at(2500))
        standstill.paused(now: at(20_000))
        #expect(standstill.length(at: at(20_500)) == .milliseconds(500), "those of long ago don't")
    }

    @Test func whereMostOfTheTimeWasReadNobodyIsToBlame() {
        var standstill = ReadingStandstill()
        for round in 0..<100 {
            standstill.paused(now: at(Int64(round) * 200))
            standstill.resumed(now: at(Int64(round) * 200 + 50))
        }
        #expect(standstill.length(at: at(20_000)) == nil)
        standstill.paused(now: at(20_000))
        #expect(standstill.length(at: at(20_300)) == .milliseconds(300), "only what is under way")
    }
}
