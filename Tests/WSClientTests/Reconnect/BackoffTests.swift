import NIOCore
import TestSupport
import Testing

@testable import WSClient

struct BackoffTests {
    /// Gives always the highest value there is, so that a delay is its ceiling.
    struct Highest: RandomNumberGenerator {
        func next() -> UInt64 { .max }
    }

    @Test func theCeilingDoublesUpToTheMaximum() {
        var backoff = Backoff(initialDelay: .seconds(1), maxDelay: .seconds(10))
        var highest = Highest()
        let delays = (0..<6).map { _ in backoff.next(using: &highest) }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(10), .seconds(10)])
        backoff.reset()
        #expect(backoff.next(using: &highest) == .seconds(1))
    }

    @Test func theDelayIsSpreadOverAllFromZeroToTheCeiling() {
        var generator = SeededGenerator(seed: 1)
        let delays = (0..<1000).map { _ in
            var backoff = Backoff(initialDelay: .seconds(1), maxDelay: .seconds(60))
            return backoff.next(using: &generator)
        }
        for quarter in 0..<4 {
            let range =
                TimeAmount.milliseconds(Int64(quarter) * 250)..<TimeAmount.milliseconds(Int64(quarter + 1) * 250)
            #expect((200...300).contains(delays.count { range.contains($0) }))
        }
        #expect(delays.allSatisfy { (.zero ... .seconds(1)).contains($0) })
    }

    @Test func aThousandFailuresOverflowNothing() {
        var backoff = Backoff(initialDelay: .hours(24), maxDelay: .hours(48))
        var highest = Highest()
        for _ in 0..<1000 { _ = backoff.next(using: &highest) }
        #expect(backoff.next(using: &highest) == .hours(48))
    }

    @Test func theSlowLaneIsAMinuteAtLeast() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<100 {
            var backoff = Backoff(initialDelay: .seconds(1), maxDelay: .seconds(10))
            #expect((.seconds(60) ... .seconds(75)).contains(backoff.slow(using: &generator)))
            var slower = Backoff(initialDelay: .seconds(1), maxDelay: .minutes(4))
            #expect((.minutes(4) ... .minutes(5)).contains(slower.slow(using: &generator)))
        }
    }
}
