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
        for benchmark in all where parts.isEmpty || parts.contains(where: { benchmark.name.contains($0) }) {
            print(benchmark.measure().line(named: benchmark.name))
        }
    }
}
