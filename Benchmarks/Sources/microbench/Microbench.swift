#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Prints what single steps of the data path cost.
///
/// Arguments choose steps by a part of their name. Where both were measured, our decoder has to be so many times cheaper
/// than NIOWebSocket's: if it isn't, the exit code is 1.
///
///     swift run -c release microbench [PART...]
@main
enum Microbench {
    static let all: [Benchmark] =
        DecodingBenchmark.all + NIOWebSocketBenchmark.all + EncodingBenchmark.all + MaskingBenchmark.all
        + UTF8Benchmark.all + CompressionBenchmark.all

    static func main() {
        #if DEBUG
            print("note: built without optimisation; use -c release")
        #endif
        let parts = CommandLine.arguments.dropFirst()
        print(Measurement.heading)
        var measured: [String: Measurement] = [:]
        // What the same step in C, which follows, is compared with.
        var ours: Measurement?
        for benchmark in all where parts.isEmpty || parts.contains(where: { benchmark.name.contains($0) }) {
            let measurement = benchmark.measure()
            measured[benchmark.name] = measurement
            print(measurement.line(named: benchmark.name))
            if benchmark.name.hasPrefix("C "), let ours {
                print("  C takes \(measurement.ratio(to: ours)) times as long as ours")
            }
            ours = measurement
        }
        let claims = Claim.all.compactMap { $0.judged(by: measured) }
        for claim in claims { print(claim.line) }
        if claims.contains(where: { !$0.holds }) { exit(1) }
    }
}
