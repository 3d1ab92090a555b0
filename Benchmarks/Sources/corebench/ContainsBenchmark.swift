import BridgeCore

/// `contains` over a batch, per message: found at the end, and not at all.
enum ContainsBenchmark {
    static var all: [Benchmark] {
        [64, 256, 1024, 16 << 10].flatMap { size in
            let text = Feed.object(size)
            return [
                benchmark("contains end \(size) B", #""symbol":"BTC-USD"}"#, text, misses: false),
                benchmark("contains miss \(size) B", #""type":"quote""#, text),
                benchmark("contains miss any case \(size) B", #""type":"quote""#, text, caseSensitive: false),
            ]
        } + [benchmark("contains miss, hostile 1024 B", "aaaaaaab", String(repeating: "aaaxaaab", count: 128))]
    }

    private static func benchmark(
        _ name: String,
        _ needle: String,
        _ text: String,
        caseSensitive: Bool = true,
        misses: Bool = true
    ) -> Benchmark {
        MatchBenchmark.benchmark(name, .contains(needle, caseSensitive: caseSensitive), text, misses: misses)
    }
}
