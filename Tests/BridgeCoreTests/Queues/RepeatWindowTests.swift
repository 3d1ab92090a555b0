import BridgeTestSupport
import NIOCore
import NIOEmbedded
import Testing

@testable import BridgeCore

/// How much a kill could repeat: what sinks had, and the disk still has.
struct RepeatWindowTests {
    @Test func noMoreIsLetOutThanMayComeTwice() {
        var window = RepeatWindow(limit: 4)
        #expect(window.room(inFlight: 0) == 4)
        #expect(window.room(inFlight: 3) == 1)
        window.settled(3)
        #expect(window.room(inFlight: 0) == 1 && window.isPressing)
        #expect(window.room(inFlight: 9) == 0)
        window.removed(2)
        #expect(window.room(inFlight: 0) == 3 && !window.isPressing)
    }

    /// What a sink had and lost may go out again, and counts when it is let go instead.
    @Test func whatWasInFlightCountsWhereverItGoes() {
        var window = RepeatWindow(limit: 4)
        window.rewound(4)
        #expect(window.room(inFlight: 0) == 4)
        #expect(window.droppedWaiting() == 1)
        window.settled(1)
        #expect(window.room(inFlight: 0) == 3)
        #expect(window.droppedWaiting(behind: 3) == 0, "it stood behind those that came back")
        window.took(3)
        #expect(window.room(inFlight: 3) == 0)
        #expect(window.droppedWaiting() == 0, "it was never out")
        window.removed(1)
        #expect(window.room(inFlight: 3) == 1)
    }

    @Test func theLimitIsTheSinks() {
        var broker = BrokerConfiguration(name: "local", isSecure: false, host: "localhost", port: 1883, clientID: "c")
        broker.maxInflight = 5000
        var mqtt = MQTTSinkConfiguration(broker: "local", topic: "t")
        #expect(RepeatWindow.limit(for: .mqtt(mqtt), brokers: [broker]) == 4096)
        mqtt.qos = 1
        #expect(RepeatWindow.limit(for: .mqtt(mqtt), brokers: [broker]) == 5000)
        broker.maxInflight = 100
        #expect(RepeatWindow.limit(for: .mqtt(mqtt), brokers: [broker]) == 100)
    }

    @Test func whatIsDeliveredHoldsUpTheRestUntilItIsRemoved() throws {
        let store = try written(["a", "b", "c", "d", "e"], window: 3)
        #expect(store.waiting(limit: 9)?.texts == ["a", "b", "c"])
        store.took(3)
        #expect(store.waiting(limit: 9) == nil && !store.isHeldUp, "nothing to remove yet")
        store.settled(2)
        #expect(store.waiting(limit: 9) == nil && store.isHeldUp)
        #expect(removals(of: store) == 2)
        store.removed(2)
        #expect(store.waiting(limit: 9)?.texts == ["d", "e"])
    }

    /// What is delivered while it is still being written can be repeated too, once it is.
    @Test func whatIsDeliveredBeforeItIsWrittenCounts() throws {
        let store = SpooledStore(level: .always, maxBytes: 1 << 20, maxDisk: 1 << 20, window: 2, contents: .fresh)
        store.append(.of("a", "b", "c"), in: 0..<3)
        store.took(2)
        store.settled(2)
        #expect(store.waiting(limit: 9) == nil)
        #expect(removals(of: store) == 0)
        store.committed(store.lastTicket)
        #expect(store.waiting(limit: 9) == nil && removals(of: store) == 2)
        store.removed(2)
        #expect(store.waiting(limit: 9)?.texts == ["c"])
    }

    @Test func whatOnlyMemoryHoldsIsNotHeldUp() {
        let store = SpooledStore(level: .spill, maxBytes: 1 << 20, maxDisk: 1 << 20, window: 1, contents: .fresh)
        store.append(.of("a", "b", "c"), in: 0..<3)
        store.took(2)
        #expect(store.waiting(limit: 9)?.texts == ["c"])
        store.settled(2)
        #expect(store.waiting(limit: 9)?.texts == ["c"] && store.takeRequests().isEmpty)
    }

    /// To deliver is worth more than that nothing comes twice after a kill.
    @Test func aDiskThatRefusesHoldsNothingUp() throws {
        let store = try written(["a", "b", "c"], window: 1)
        store.took(1)
        store.settled(1)
        #expect(store.waiting(limit: 9) == nil)
        store.diskFails(true)
        #expect(store.waiting(limit: 9)?.texts == ["b", "c"])
        store.diskFails(false)
        #expect(store.waiting(limit: 9) == nil)
        store.removed(1)
        #expect(store.waiting(limit: 9)?.texts == ["b"])
    }

    @Test func aLostFileRepeatsNothing() {
        let store = SpooledStore(level: .always, maxBytes: 1 << 20, maxDisk: 1 << 20, window: 1, contents: .fresh)
        store.append(.of("a"), in: 0..<1)
        store.append(.of("b"), in: 0..<1)
        for case .append(let ticket, _, _, _, _, _) in store.takeRequests().prefix(1) { store.committed(ticket) }
        store.took(1)
        store.settled(1)
        #expect(store.waiting(limit: 9) == nil)
        _ = store.lostFile()
        store.removed(removals(of: store))
        #expect(store.waiting(limit: 9)?.texts == ["b"])
    }

    @Test func aQueueOfOneMessageAKeyIsBoundToo() throws {
        let store = ConflatingStore(
            by: try ConflationKey("$.k"),
            level: .always,
            maxDisk: 1 << 20,
            window: 2,
            contents: .fresh
        )
        store.append(.of("a", "b", "c"), in: 0..<3)
        #expect(store.waiting(limit: 9)?.texts == ["a", "b"])
        for case .append(let ticket, _, _, _, _, _) in store.takeRequests() { store.committed(ticket) }
        store.took(2)
        store.settled(2)
        #expect(store.waiting(limit: 9) == nil && store.isHeldUp && removals(of: store) == 2)
        store.removed(2)
        #expect(store.waiting(limit: 9)?.texts == ["c"])
    }

    /// When what must be removed holds up what waits, the spool doesn't wait for company.
    @Test func theSpoolCommitsAtOnceWhenItHoldsUpTheRest() throws {
        let loop = EmbeddedEventLoop()
        let disk = FakeDisk()
        let sink = ScriptedSink(settlesLater: true)
        let queue = try queue(of: 8, to: sink, on: disk, window: 4, loop)
        sink.opens(for: 100)
        #expect(sink.taken.count == 4)
        queue.settle(1, as: .delivered)
        loop.run()
        #expect(sink.taken.count == 4 && disk.left.count == 8, "one alone waits for others")
        queue.settle(3, as: .delivered)
        loop.run()
        #expect(sink.taken.count == 8 && disk.left.count == 4)
    }

    /// What a disk refuses to remove for long doesn't pile up one by one.
    @Test func removalsThatWaitBecomeOne() throws {
        let loop = EmbeddedEventLoop()
        let disk = FakeDisk()
        let sink = ScriptedSink(settlesLater: true)
        let queue = try queue(of: 8, to: sink, on: disk, window: 100, loop)
        sink.opens(for: 100)
        disk.fails = .failed("EIO")
        for _ in 0..<8 {
            queue.settle(1, as: .delivered)
            loop.advanceTime(by: Spool.linger)
        }
        #expect(disk.left.count == 8 && disk.removals == 0)
        disk.fails = nil
        loop.advanceTime(by: .seconds(20))
        #expect(disk.left.isEmpty && disk.removals == 1)
    }

    /// A queue whose messages, so many, are all on disk.
    private func queue(
        of count: Int,
        to sink: ScriptedSink,
        on disk: FakeDisk,
        window: Int,
        _ loop: EmbeddedEventLoop
    ) throws -> RouteQueue {
        let spool = try Spool(FakeEngine(disk), eventLoop: loop, log: .quiet) { $0() }
        let place = try spool.place(for: "r -> s")
        let store = SpooledStore(level: .always, maxBytes: 1 << 20, maxDisk: 1 << 20, window: window, contents: place)
        let queue = RouteQueue(
            route: "r",
            sink: sink,
            policy: QueuePolicy(whenFull: .block, maxBytes: 1 << 20),
            store: store,
            spool: spool,
            place: place.number,
            log: .quiet
        )
        queue.accept(.of((0..<count).map(String.init)))
        loop.advanceTime(by: Spool.linger)
        #expect(disk.left.count == count)
        return queue
    }

    /// A store whose messages are all on disk.
    private func written(_ texts: [String], window: Int) throws -> SpooledStore {
        let store = SpooledStore(level: .always, maxBytes: 1 << 20, maxDisk: 1 << 20, window: window, contents: .fresh)
        store.append(.of(texts), in: 0..<texts.count)
        for case .append(let ticket, _, _, _, _, _) in store.takeRequests() { store.committed(ticket) }
        return store
    }

    /// How many messages the store has the disk remove now, that a sink had.
    private func removals(of store: any SpoolingStore) -> Int {
        store.takeRequests().reduce(0) { sum, request in
            if case .remove(_, _, _, let settled) = request { sum + settled } else { sum }
        }
    }
}

extension SpoolQueueContents {
    /// A place that never held anything.
    fileprivate static let fresh = SpoolQueueContents(number: 1, key: "q", count: 0, bytes: 0, next: 1)
}
