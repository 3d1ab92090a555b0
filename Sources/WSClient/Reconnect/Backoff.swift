import NIOCore

/// How long to wait before the next attempt: full jitter, a random time between zero and a delay that doubles.
struct Backoff: Equatable {
    let initialDelay: TimeAmount
    let maxDelay: TimeAmount
    private(set) var failures = 0

    init(initialDelay: TimeAmount, maxDelay: TimeAmount) {
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
    }

    /// The delay after one more failure.
    mutating func next(using generator: inout some RandomNumberGenerator) -> TimeAmount {
        let ceiling = ceiling
        failures += 1
        return .random(upTo: ceiling, using: &generator)
    }

    /// The delay after a failure that only a person can put right: `maxDelay`, at least a minute, and up to a quarter
    /// more, so that many clients don't come back at once.
    mutating func slow(using generator: inout some RandomNumberGenerator) -> TimeAmount {
        failures += 1
        let delay = max(maxDelay, .seconds(60))
        return delay + .random(upTo: .nanoseconds(delay.nanoseconds / 4), using: &generator)
    }

    /// The delay after a server said how long to stay away, and a little more, for the same reason.
    mutating func after(_ wish: TimeAmount, using generator: inout some RandomNumberGenerator) -> TimeAmount {
        failures += 1
        return wish + .random(upTo: min(initialDelay, .seconds(1)), using: &generator)
    }

    /// The delay after a server asked by its close code to come back later: never shorter than the next one.
    mutating func after(_ wish: ComeBackLater, using generator: inout some RandomNumberGenerator) -> TimeAmount {
        let range = wish.range(failures: failures)
        let delay = range.lowerBound + .random(upTo: range.upperBound - range.lowerBound, using: &generator)
        return max(delay, next(using: &generator))
    }

    /// Starts afresh.
    mutating func reset() { failures = 0 }

    private var ceiling: TimeAmount {
        // Beyond 2^30 the limit is reached, whatever the initial delay.
        let (doubled, overflow) = initialDelay.nanoseconds.multipliedReportingOverflow(by: 1 << min(failures, 30))
        return overflow ? maxDelay : min(.nanoseconds(doubled), maxDelay)
    }
}

extension TimeAmount {
    fileprivate static func random(
        upTo limit: TimeAmount,
        using generator: inout some RandomNumberGenerator
    ) -> TimeAmount {
        .nanoseconds(.random(in: 0...max(0, limit.nanoseconds), using: &generator))
    }
}
