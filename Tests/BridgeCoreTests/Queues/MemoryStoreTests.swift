import BridgeCore
import BridgeTestSupport
import TestSupport
import Testing

struct MemoryStoreTests {
    @Test func givesMessagesBackInOrder() {
        var store = MemoryStore()
        store.append(.of("a", "b"), in: 0..<2)
        store.append(.of("x", "c", "d"), in: 1..<3)
        #expect(store.count == 4)
        #expect(store.bytes == 4 * 65)
        #expect(store.allWaiting == ["a", "b", "c", "d"])
    }

    @Test func keepsTopicsAndKinds() {
        var store = MemoryStore()
        store.append(.of(["payload"], topic: "a/b"), in: 0..<1)
        let batch = store.waiting(limit: 10)
        let topic = batch?.withUnsafeBytes { String(decoding: $0[batch!.entries[0].topic], as: UTF8.self) }
        #expect(topic == "a/b")
        #expect(batch?.entries.first?.kind == .text)
        #expect(store.bytes == 7 + 3 + 64)
    }

    @Test func propertiesStayWithTheirMessage() {
        var store = MemoryStore()
        let properties: [[UInt8]] = [[1, 1, 0, 7], [], [9, 0, 0]]
        store.append(.of(["a", "b", "c"], topic: "t", properties: properties), in: 0..<3)
        store.append(.of(["d", "e"], properties: [[8, 0, 0], [6, 0, 0]]), in: 1..<2)
        let batch = store.waiting(limit: 10)
        #expect(batch?.texts == ["a", "b", "c", "e"])
        #expect(batch?.properties == properties + [[6, 0, 0]])
        #expect(store.bytes == 4 * 65 + 3 + 4 + 3 + 3)
    }

    @Test func requestsAreFoundByTheirPlace() {
        func address(_ number: Int) -> ResponseAddress { ResponseAddress(topic: "\(number)", qos: 0) }
        var store = MemoryStore()
        for number in 0..<9 {
            store.append(.requests([("\(number)", number % 3 == 2 ? nil : address(number))]), in: 0..<1)
        }
        #expect(store.requestCount == 6)
        #expect(store.requests(at: 0..<9) == [0, 1, 3, 4, 6, 7].map(address))
        store.took(2)
        store.settled(1)
        #expect(store.requestCount == 5)
        #expect(store.requests(at: 0..<3) == [1, 3].map(address))
        #expect(store.tellRequests(at: 2..<99) == [3, 4, 6, 7].map(address))
        #expect(store.tellRequests(at: 0..<99) == [1].map(address))
        #expect(store.tellRequests(at: 0..<99) == [])
        let dropped = store.dropOldestWaiting() && store.dropOldestWaiting()
        #expect(dropped && store.requestCount == 4)
        #expect(store.requests(at: 0..<2) == [1, 4].map(address))
        store.removeAll()
        #expect(store.requestCount == 0 && store.requests(at: 0..<9) == [])
    }

    @Test func whatIsInFlightIsNotOfferedAgainUntilItIsRewound() {
        var store = MemoryStore()
        store.append(.of("a", "b", "c"), in: 0..<3)
        store.took(2)
        #expect(store.allWaiting == ["c"])
        store.settled(1)
        #expect(store.count == 2)
        store.rewind()
        #expect(store.allWaiting == ["b", "c"])
    }

    @Test func theOldestWaitingGoesAndWhatIsInFlightStays() {
        var store = MemoryStore()
        store.append(.of("a", "b", "c"), in: 0..<3)
        store.took(1)
        let dropped = store.dropOldestWaiting()
        #expect(dropped)
        #expect(store.allWaiting == ["c"])
        store.rewind()
        #expect(store.allWaiting == ["a", "c"])
        #expect(store.bytes == 2 * 65)
    }

    @Test func nothingWaitingIsNothingToDrop() {
        var store = MemoryStore()
        let droppedOfNone = store.dropOldestWaiting()
        store.append(.of("a"), in: 0..<1)
        store.took(1)
        let droppedOfInFlight = store.dropOldestWaiting()
        #expect(!droppedOfNone)
        #expect(!droppedOfInFlight)
        #expect(store.count == 1)
    }

    @Test func aBatchThatWasGivenOutDoesNotChange() {
        var store = MemoryStore()
        store.append(.of("a"), in: 0..<1)
        let given = store.waiting(limit: 10)
        store.append(.of("b"), in: 0..<1)
        #expect(given?.texts == ["a"])
        #expect(store.allWaiting == ["a", "b"])
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func agreesWithAPlainListOverRandomHistories(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var store = MemoryStore()
        var held: [String] = []
        var inFlight = 0
        var number = 0
        for _ in 0..<300 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let texts = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                    number += 1
                    return String(repeating: "\(number),", count: Int.random(in: 0...40, using: &random))
                }
                let start = Int.random(in: 0..<texts.count, using: &random)
                store.append(.of(texts), in: start..<texts.count)
                held += texts[start...]
            case 2:
                let count = Int.random(in: 0...(held.count - inFlight), using: &random)
                store.took(count)
                inFlight += count
            case 3:
                let count = Int.random(in: 0...inFlight, using: &random)
                store.settled(count)
                held.removeFirst(count)
                inFlight -= count
            case 4:
                let dropped = store.dropOldestWaiting()
                #expect(dropped == (held.count > inFlight))
                if held.count > inFlight { held.remove(at: inFlight) }
            default:
                store.rewind()
                inFlight = 0
            }
            #expect(store.count == held.count)
            #expect(store.inFlight == inFlight)
            #expect(store.bytes == held.reduce(0) { $0 + $1.utf8.count + 64 })
        }
        store.rewind()
        #expect(store.allWaiting == held)
    }
}

extension MemoryStore {
    /// All waiting messages, taken out of a copy.
    fileprivate var allWaiting: [String] {
        var copy = self
        var texts: [String] = []
        while let batch = copy.waiting(limit: 3) {
            texts += batch.texts
            copy.took(batch.count)
        }
        return texts
    }
}
