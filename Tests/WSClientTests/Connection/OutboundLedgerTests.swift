import Testing

@testable import WSClient

struct OutboundLedgerTests {
    @Test func admitsUpToTheLimit() {
        var ledger = OutboundLedger(limit: 100)
        #expect(ledger.admits(60, onTopOf: 0))
        #expect(ledger.admits(40, onTopOf: 60))
        #expect(!ledger.admits(41, onTopOf: 60))
        ledger.added(100)
        #expect(!ledger.isBelowLimit)
        #expect(!ledger.admits(1, onTopOf: 0))
    }

    @Test func whatIsLargerThanTheLimitGoesAlone() {
        var ledger = OutboundLedger(limit: 100)
        #expect(ledger.admits(1000, onTopOf: 0))
        #expect(!ledger.admits(1000, onTopOf: 1))
        ledger.added(1)
        #expect(!ledger.admits(1000, onTopOf: 0))
    }

    @Test func tellsOnceAndAtHalfTheLimit() {
        var ledger = OutboundLedger(limit: 100)
        ledger.added(100)
        ledger.refused()
        #expect(ledger.written(40) == .doNothing)
        #expect(ledger.written(10) == .becameWritable)
        #expect(ledger.written(50) == .doNothing)
    }

    @Test func tellsNobodyWhoWasNotRefused() {
        var ledger = OutboundLedger(limit: 100)
        ledger.added(100)
        #expect(ledger.written(100) == .doNothing)
    }
}
