import NIOCore

/// How long writing waits after the disk refused: doubling from 100 ms to 10 s, jittered by up to half.
struct SpoolBackoff: Sendable, Hashable {
    private var failures = 0

    mutating func succeeded() { failures = 0 }

    mutating func failed(using random: inout some RandomNumberGenerator) -> TimeAmount {
        let longest = min(Int64(100) << Int64(min(failures, 7)), 10_000)
        failures += 1
        return .milliseconds(Int64.random(in: longest / 2...longest, using: &random))
    }
}
