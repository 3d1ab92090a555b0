import BridgeTestSupport
import Logging
import Testing

@testable import BridgeCore

/// One source, its routes, and when it is read.
struct SourceHubTests {
    private let journal = Journal()

    private func makeRoute(_ name: String, _ sink: ScriptedSink, maxBytes: Int = 1 << 20) -> Route {
        Route(
            name: name,
            matcher: nil,
            queues: [
                RouteQueue(
                    route: name,
                    sink: sink,
                    policy: QueuePolicy(whenFull: .block, maxBytes: maxBytes),
                    store: MemoryStore(),
                    log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                )
            ],
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func readsAgainOnlyWhenTheLastFullQueueHasRoom() {
        let (one, other) = (
            ScriptedSink(name: "one", settlesLater: false), ScriptedSink(name: "other", settlesLater: false)
        )
        let source = ScriptedSource(journal: journal)
        let hub = SourceHub(
            source: source,
            routes: [makeRoute("a", one, maxBytes: 65), makeRoute("b", other, maxBytes: 65)]
        )
        source.client?.received(.of("1"))
        #expect(journal.take() == ["source scripted pauses"])
        #expect(hub.throttledBy == ["a -> one", "b -> other"])
        one.opens(for: 1)
        #expect(journal.take() == [])
        #expect(hub.throttledBy == ["b -> other"])
        other.opens(for: 1)
        #expect(journal.take() == ["source scripted resumes"])
        #expect(hub.throttledBy == [])
    }

    @Test func aSourceThatReadsOnAtOnceOvertakesNothing() {
        let (first, second) = (ScriptedSink(settlesLater: true), ScriptedSink(settlesLater: true))
        let source = ScriptedSource(journal: journal)
        let hub = SourceHub(source: source, routes: [makeRoute("a", first, maxBytes: 65), makeRoute("b", second)])
        // The first sink settles while it takes, so that its queue fills and drains within one batch.
        first.whileTaking = { [weak first] in first?.client?.settle(1, as: .delivered) }
        first.opens(for: 10)
        second.opens(for: 10)
        source.waiting = [.of("2")]
        source.client?.received(.of("1"))
        source.resume()
        #expect(first.taken == ["1", "2"])
        #expect(second.taken == ["1", "2"])
        #expect(hub.routes.map(\.received) == [2, 2])
    }

    @Test func aStoppedSourceIsNeitherPausedNorResumed() {
        let sink = ScriptedSink(settlesLater: false)
        let source = ScriptedSource(journal: journal)
        let hub = SourceHub(source: source, routes: [makeRoute("a", sink, maxBytes: 65)])
        source.holdsStop = true
        source.client?.received(.of("1"))
        hub.stop { [journal] in journal.note("stopped") }
        sink.opens(for: 10)
        source.client?.received(.of("2", "3"))
        #expect(sink.taken == ["1", "2", "3"], "what was on its way still arrives")
        source.stopCompletion?()
        #expect(journal.take() == ["source scripted pauses", "source scripted stops", "stopped"])
    }

    @Test func whatComesAfterTheStopIsNeitherCountedNorAcknowledged() {
        let sink = ScriptedSink(settlesLater: false)
        let source = ScriptedSource(journal: journal)
        let hub = SourceHub(source: source, routes: [makeRoute("a", sink)])
        sink.opens(for: 10)
        #expect(hub.received(.of("1"), run: 1), "acknowledged")
        hub.stop {}
        #expect(!hub.received(.of("2"), run: 2), "kept by whoever sent it")
        source.client?.received(.of("3"))
        #expect(sink.taken == ["1"])
        #expect(hub.routes[0].received == 1 && hub.routes[0].matched == 1)
    }

    @Test func aSourceThatCannotStartSaysWhyAndIsLeftAlone() {
        let source = ScriptedSource(journal: journal)
        source.fault = "the port is taken"
        let hub = SourceHub(source: source, routes: [makeRoute("a", ScriptedSink(settlesLater: false))])
        #expect(!hub.start())
        #expect(hub.failure == "the port is taken")
        hub.stop { [journal] in journal.note("stopped") }
        #expect(journal.take() == ["stopped"])
    }
}
