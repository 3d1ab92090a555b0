/// Prints what single steps inside BridgeCore cost.
///
/// Arguments choose steps by a part of their name.
///
///     swift run -c release corebench [PART...]
@main
enum CoreBench {
    static let all: [Benchmark] = ContainsBenchmark.all + MatchBenchmark.all + TopicBenchmark.all

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
