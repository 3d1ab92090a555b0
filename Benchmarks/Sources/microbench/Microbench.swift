/// Prints what single steps of the data path cost.
///
/// Arguments choose steps by a part of their name.
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
        // What the same step in C, which follows, is compared with.
        var ours: Measurement?
        for benchmark in all where parts.isEmpty || parts.contains(where: { benchmark.name.contains($0) }) {
            let measurement = benchmark.measure()
            print(measurement.line(named: benchmark.name))
            if benchmark.name.hasPrefix("C "), let ours {
                print("  C takes \(measurement.ratio(to: ours)) times as long as ours")
            }
            ours = measurement
        }
    }
}
