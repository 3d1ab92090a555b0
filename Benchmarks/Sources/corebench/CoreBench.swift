/// Prints what single steps inside BridgeCore cost.
///
/// Arguments choose steps by a part of their name.
///
///     swift run -c release corebench [PART...]
///     swift run -c release corebench spool [MESSAGES]
@main
enum CoreBench {
    static let all: [Benchmark] = ContainsBenchmark.all + MatchBenchmark.all + TopicBenchmark.all

    static func main() throws {
        #if DEBUG
            print("note: built without optimisation; use -c release")
        #endif
        let parts = CommandLine.arguments.dropFirst()
        if parts.first == "spool" {
            return try SpoolBenchmark.run(messages: parts.dropFirst().first.flatMap { Int($0) } ?? 1_000_000)
        }
        print(Measurement.heading)
        for benchmark in all where parts.isEmpty || parts.contains(where: { benchmark.name.contains($0) }) {
            print(benchmark.measure().line(named: benchmark.name))
        }
    }
}
