import BridgeCore

/// Rendering topics, per message.
enum TopicBenchmark {
    static var all: [Benchmark] {
        [
            benchmark("topic literal", "feed/trades"),
            benchmark("topic from JSON, 256 B", "feed/trades/{$.symbol}"),
            benchmark("topic from JSON, first member", "feed/trades/{$.seq}"),
            benchmark("topic of connection and source", "{instance}/{connection}/{topic}"),
        ]
    }

    private static func benchmark(_ name: String, _ text: String) -> Benchmark {
        Benchmark(name: name, operations: Feed.count, bytes: Feed.count * 256) {
            let context = TemplateContext(instance: "site-12", route: "trades", connection: "cloud")
            guard let template = try? TopicTemplate(text).bound(to: context) else { return { 0 } }
            let payload = Array(Feed.object(256).utf8)
            let source = Array("plant/line-4/press/temperature".utf8)
            var topic: [UInt8] = []
            return {
                var length = 0
                payload.withUnsafeBytes { payload in
                    source.withUnsafeBytes { source in
                        for _ in 0..<Feed.count {
                            topic.removeAll(keepingCapacity: true)
                            let reason = template.render(payload: payload, sourceTopic: source, into: &topic)
                            precondition(reason == nil)
                            length += topic.count
                        }
                    }
                }
                return length
            }
        }
    }
}
