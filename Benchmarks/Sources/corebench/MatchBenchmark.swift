import BridgeCore

/// A route's match over a batch, per message.
enum MatchBenchmark {
    static var all: [Benchmark] {
        let object = Feed.object(256)
        let long = Feed.object(1024)
        func json(_ path: String, _ predicate: JSONPredicate) -> MatchConfiguration {
            .json(path: path, predicate, caseSensitive: true)
        }
        let combined = MatchConfiguration.all([
            json("$.type", .equals(.string("trade"))), .not(.contains("heartbeat", caseSensitive: true)),
        ])
        return [
            benchmark("match equals, other length", .equals("ping", caseSensitive: true), object, misses: true),
            benchmark("match prefix", .prefix(#"{"seq""#, caseSensitive: true), object),
            benchmark("match json first member 256 B", json("$.seq", .exists(true)), object),
            benchmark("match json equals 256 B", json("$.type", .equals(.string("trade"))), object),
            benchmark("match json equals 1024 B", json("$.type", .equals(.string("trade"))), long),
            benchmark("match json missing 256 B", json("$.none", .exists(true)), object, misses: true),
            benchmark("match json gt 256 B", json("$.size", .greaterThan(JSONNumber(0))), object),
            benchmark("match regex 256 B", .regex(#""type":"(trade|quote)""#, caseSensitive: true), object),
            benchmark(
                "match regex miss 256 B",
                .regex(#""type":"q[a-z]+""#, caseSensitive: true),
                object,
                misses: true
            ),
            benchmark("match regex 1024 B", .regex(#""type":"(trade|quote)""#, caseSensitive: true), long),
            benchmark("match all, json and not contains 256 B", combined, object),
        ]
    }

    static func benchmark(_ name: String, _ configuration: MatchConfiguration, _ text: String, misses: Bool = false)
        -> Benchmark
    {
        Benchmark(name: name, operations: Feed.count, bytes: Feed.count * text.utf8.count) {
            guard let matcher = try? Matcher(configuration) else { return { 0 } }
            let batch = Feed.batch(text)
            var selected: ContiguousArray<MessageBatch.Entry> = []
            return {
                selected.removeAll(keepingCapacity: true)
                matcher.select(from: batch, into: &selected)
                precondition(selected.count == (misses ? 0 : Feed.count))
                return selected.count
            }
        }
    }
}
