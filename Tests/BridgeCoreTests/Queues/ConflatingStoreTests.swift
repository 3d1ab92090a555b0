import BridgeTestSupport
import NIOCore
import Testing

@testable import BridgeCore

/// One message a key, in memory and on a disk that takes its time.
struct ConflatingStoreTests {
    @Test func aNewMessageTakesThePlaceOfTheOlderOfItsKey() throws {
        let store = ConflatingStore(by: try ConflationKey("$.k"))
        append(["{\"k\":1,\"n\":1}", "{\"k\":2,\"n\":1}", "no key", "{\"k\":1,\"n\":2}", "no key"], to: store)
        #expect(store.waiting(limit: 9)?.texts == ["{\"k\":1,\"n\":2}", "{\"k\":2,\"n\":1}", "no key", "no key"])
        #expect(store.takeConflated().count == 1 && store.takeConflated().count == 0)
    }

    @Test func whatIsInFlightIsNotReplaced() throws {
        let store = ConflatingStore(by: try ConflationKey("$.k"))
        append(["{\"k\":1,\"n\":1}"], to: store)
        store.took(1)
        append(["{\"k\":1,\"n\":2}", "{\"k\":1,\"n\":3}"], to: store)
        #expect(store.waiting(limit: 9)?.texts == ["{\"k\":1,\"n\":3}"])
        store.rewind()
        #expect(store.waiting(limit: 9)?.texts == ["{\"k\":1,\"n\":3}"], "the newer one stands for it")
        #expect(store.takeConflated().count == 2)
    }

    /// Two of a key can be in flight at once: the older one goes when both come back.
    @Test func ofWhatIsLostInFlightTheNewestOfItsKeyStays() throws {
        let store = ConflatingStore(by: try ConflationKey("$.k"))
        for number in 1...3 {
            append(["{\"k\":1,\"n\":\(number)}", "{\"k\":\(number + 1),\"n\":0}"], to: store)
            store.took(2)
        }
        store.rewind()
        #expect(
            store.waiting(limit: 9)?.texts == [
                "{\"k\":2,\"n\":0}", "{\"k\":3,\"n\":0}", "{\"k\":1,\"n\":3}", "{\"k\":4,\"n\":0}",
            ]
        )
        #expect(store.takeConflated().count == 2)
        append(["{\"k\":1,\"n\":4}"], to: store)
        #expect(store.waiting(limit: 9)?.texts[2] == "{\"k\":1,\"n\":4}")
        #expect(store.count == 4 && store.waitingCount == 4)
    }

    /// What a former run left lies on disk under the number of the newer one that took its place.
    @Test func aStopWritesWhatTookThePlaceOfAFormerRuns() throws {
        let contents = SpoolQueueContents(number: 1, key: "q", count: 1, bytes: 77, next: 2)
        let store = ConflatingStore(by: try ConflationKey("$.k"), level: .spill, maxDisk: 1 << 20, contents: contents)
        _ = store.takeRequests()
        var page = SpoolPage(queue: 1, batch: .of("{\"k\":1,\"n\":1}"), last: 1)
        page.runs = [SpoolPage.Run(first: 1, count: 1)]
        #expect(store.received(page, now: .now()) == 0)
        append(["{\"k\":1,\"n\":2}"], to: store)
        #expect(store.takeRequests().isEmpty, "not before the stop")
        store.park()
        let written = store.takeRequests()
        #expect(written.count == 1)
        for case .append(_, let first, let batch, let range, let bytes, let replaced) in written {
            #expect(first == 1 && batch.texts[range.lowerBound] == "{\"k\":1,\"n\":2}" && bytes == 0 && replaced == 1)
        }
        #expect(store.diskBytes == 77)
    }

    /// A disk that is slower than the feed gets the last of each key, and what waits for it has a bound.
    @Test func aSlowDiskGetsTheLastOfEachKey() throws {
        let contents = SpoolQueueContents(number: 1, key: "q", count: 0, bytes: 0, next: 1)
        let store = ConflatingStore(by: try ConflationKey("$.k"), level: .always, maxDisk: 1 << 30, contents: contents)
        let filler = String(repeating: "x", count: 10_000)
        for number in 0..<1_000 { append(["{\"k\":\(number % 10),\"n\":\(number),\"x\":\"\(filler)\"}"], to: store) }
        let mark = store.lastTicket
        let first = store.takeRequests()
        #expect(first.count < 30, "\(first.count) writes at once")
        #expect(store.takeRequests().isEmpty && store.securedTicket == 0)
        for case .append(let ticket, _, _, _, _, _) in first { store.committed(ticket) }
        let second = store.takeRequests()
        #expect(second.count == 10 && store.securedTicket < mark)
        for case .append(let ticket, _, let batch, let range, _, let replaced) in second {
            #expect(batch.texts[range.lowerBound].contains("\"n\":99") && replaced == 1)
            store.committed(ticket)
        }
        #expect(store.securedTicket == mark && store.takeRequests().isEmpty)
        #expect(store.diskBytes == store.bytes)
    }

    /// What is dropped behind a sink that stands still doesn't stay in memory.
    @Test func theDroppedDoNotPileUp() throws {
        let store = ConflatingStore(by: try ConflationKey("$.k"))
        append(["in flight"], to: store)
        store.took(1)
        for number in 0..<10_000 {
            append(["\(number)"], to: store)
            if store.count > 11 { #expect(store.dropOldestWaiting()) }
        }
        #expect(store.slotCount < 200 && store.count == 11)
        #expect(store.waiting(limit: 20)?.texts == (9_990..<10_000).map(String.init))
        store.settled(1)
        #expect(store.waiting(limit: 1)?.texts == ["9990"])
    }

    /// One whose key is never heard of again, behind one that is renewed all the time.
    @Test func eachMessageExpiresByItsOwnAgeWhereverItStands() throws {
        let store = ConflatingStore(by: try ConflationKey("$.k"))
        let start = NIODeadline.uptimeNanoseconds(0) + .seconds(100)
        var batch = MessageBatch.of("{\"k\":1,\"n\":1}", "{\"k\":2,\"n\":1}")
        batch.receivedAt = start
        store.append(batch, in: 0..<2)
        batch = .of("{\"k\":1,\"n\":2}")
        batch.receivedAt = start + .seconds(40)
        store.append(batch, in: 0..<1)
        let waiting = try #require(store.waiting(limit: 9))
        #expect(waiting.texts == ["{\"k\":1,\"n\":2}", "{\"k\":2,\"n\":1}"])
        #expect((0..<2).map { waiting.age(at: $0, now: start + .seconds(50)) } == [10_000, 50_000])
        #expect(store.dropExpired(ttl: 60_000, now: start + .seconds(59)).count == 0)
        #expect(store.dropExpired(ttl: 60_000, now: start + .seconds(60)).count == 1)
        #expect(store.waiting(limit: 9)?.texts == ["{\"k\":1,\"n\":2}"])
        #expect(store.dropExpired(ttl: 60_000, now: start + .seconds(99)).count == 0)
        store.took(1)
        #expect(store.dropExpired(ttl: 60_000, now: start + .seconds(100)).count == 0, "it is in flight")
        store.rewind()
        #expect(store.dropExpired(ttl: 60_000, now: start + .seconds(100)).count == 1)
        #expect(store.isEmpty && store.slotCount == 0)
    }

    private func append(_ texts: [String], to store: ConflatingStore) {
        let batch = MessageBatch.of(texts)
        store.append(batch, in: 0..<batch.count)
    }
}
