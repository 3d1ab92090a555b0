import BridgeTestSupport
import TestSupport
import Testing

@testable import BridgeCore

struct RouteTests {
    private let log = LogRecorder()

    private func route(_ match: MatchConfiguration?) throws -> (Route, ScriptedSink) {
        let sink = ScriptedSink(settlesLater: false)
        sink.room = .max
        let queue = RouteQueue(
            route: "r",
            sink: sink,
            policy: QueuePolicy(whenFull: .dropNewest, maxBytes: 1 << 20),
            store: MemoryStore(),
            log: .silent
        )
        queue.sinkIsReady()
        let route = Route(name: "r", matcher: try match.map { try Matcher($0) }, queues: [queue], log: log.logger())
        return (route, sink)
    }

    @Test func whatMatchesGoesOnAndTheRestIsCounted() throws {
        let (route, sink) = try route(.prefix("a", caseSensitive: true))
        route.forward(.of("a1", "b", "a2"))
        #expect(sink.taken == ["a1", "a2"])
        #expect((route.received, route.matched, route.unmatched) == (3, 2, 1))
        #expect(log.lines == [])
    }

    @Test("S14: a regex that was given up is counted, and told once a batch in the same words")
    func s14RegexGivenUp() throws {
        let (route, sink) = try route(.regex("(a+)+$", caseSensitive: true))
        let catastrophe = String(repeating: "a", count: 40) + "b"
        route.forward(.of(catastrophe, "aaa", catastrophe))
        #expect(sink.taken == ["aaa"])
        #expect(route.regexLimitHits == 2)
        #expect(route.unmatched == 2)
        #expect(log.lines.count == 1)
        #expect(log.contains("warning a regex of this route took too long"))
        route.forward(.of("aaa"))
        #expect(log.lines.count == 1)
        route.forward(.of(catastrophe))
        #expect(log.lines.count == 2)
        #expect(Set(log.lines).count == 1)
    }
}
