#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One step to measure, and how much a run of it does.
struct Benchmark: Sendable {
    /// What it measures, such as "decode text 64 B".
    var name: String
    /// How many operations (messages, frames, calls) a run does.
    var operations: Int
    /// How many bytes of payload a run handles.
    var bytes: Int
    /// Makes what a run needs, outside the measured time, and returns the run.
    ///
    /// The run returns a number that depends on its work, so that the work can't be optimised away.
    var prepare: @Sendable () -> () -> Int

    /// The fastest and the median of several rounds of some 50 ms each, by the process's CPU clock.
    func measure() -> Measurement {
        let run = prepare()
        var runs = 1
        var elapsed = Self.time(runs, run)
        while elapsed < 25_000_000 {
            runs *= 2
            elapsed = Self.time(runs, run)
        }
        let rounds = (0..<11).map { _ in Self.time(runs, run) }.sorted()
        let scale = 1 / Double(runs)
        return Measurement(
            fastest: Double(rounds[0]) * scale / Double(operations),
            median: Double(rounds[rounds.count / 2]) * scale / Double(operations),
            gigabytesPerSecond: Double(bytes) / (Double(rounds[rounds.count / 2]) * scale)
        )
    }

    private static func time(_ runs: Int, _ run: () -> Int) -> Int {
        let start = processTime()
        for _ in 0..<runs { consume(run()) }
        return processTime() - start
    }

    private static func processTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    @inline(never)
    private static func consume(_ value: Int) {
        withExtendedLifetime(value) {}
    }
}
