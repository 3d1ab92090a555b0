import Testing

@testable import BridgeCore

/// A message never expires because a clock was wrong at boot.
struct ReceiptClockTests {
    private let hour: Int64 = 3_600_000
    private let year: Int64 = 31_536_000_000

    private func receipt(boot: UInt32 = 1) -> SpoolRecord.Receipt {
        SpoolRecord.Receipt(boot: boot, sinceBoot: 5 * hour, sinceEpoch: 50 * year)
    }

    private func now(sinceBoot: Int64, sinceEpoch: Int64, isSynchronised: Bool = true) -> ReceiptClock.Reading {
        ReceiptClock.Reading(sinceBoot: sinceBoot, sinceEpoch: sinceEpoch, isSynchronised: isSynchronised)
    }

    @Test(arguments: [-31_536_000_000, 0, 86_400_000]) func withinOneBootNobodyCanSetTheClock(jump: Int64) {
        let clock = ReceiptClock(boot: 1, newest: receipt())
        #expect(clock.age(of: receipt(), at: now(sinceBoot: 7 * hour, sinceEpoch: 50 * year + jump)) == 2 * hour)
    }

    @Test func overARebootASynchronisedWallClockTells() {
        let clock = ReceiptClock(boot: 2, newest: receipt())
        #expect(clock.age(of: receipt(), at: now(sinceBoot: hour, sinceEpoch: 50 * year + 9 * hour)) == 9 * hour)
    }

    @Test func aClockThatIsBehindWhatItWasIsNotBelieved() {
        let clock = ReceiptClock(boot: 2, newest: receipt())
        #expect(clock.age(of: receipt(), at: now(sinceBoot: hour, sinceEpoch: 0)) == hour)
    }

    @Test func aClockThatNobodySetIsNotBelievedHoweverLateItShows() {
        var newest = receipt()
        newest.sinceBoot += 2 * hour
        let clock = ReceiptClock(boot: 2, newest: newest)
        let now = now(sinceBoot: hour, sinceEpoch: 80 * year, isSynchronised: false)
        #expect(clock.age(of: receipt(), at: now) == 3 * hour, "two hours before the reboot, one since")
    }
}
