import BridgeTestSupport
import TestSupport
import Testing

@testable import BridgeCore

/// A message's properties as bytes.
struct CarriedPropertiesTests {
    private let address = ResponseAddress(topic: "replies/me", correlation: [7, 0, 255], qos: 1)

    private func read<Result>(_ bytes: [UInt8], _ body: (CarriedProperties) -> Result) -> Result? {
        bytes.withUnsafeBytes { CarriedProperties($0).map(body) }
    }

    @Test func whatIsWrittenComesBack() {
        let bytes = CarriedProperties.encode(gateways: ["one", "two"], response: address)
        #expect(read(bytes) { $0.gateways } == ["one", "two"])
        #expect(read(bytes) { $0.response } == address)
        let bare = ResponseAddress(topic: "r", qos: 0)
        #expect(read(CarriedProperties.encode(response: bare)) { $0.response } == bare)
        #expect(CarriedProperties.encode() == [])
        #expect(read([]) { $0.gateways.isEmpty && $0.response == nil && $0.trail.isEmpty } == true)
    }

    @Test func theBytesAreWhatLiesOnDisk() {
        let bytes = CarriedProperties.encode(
            gateways: ["g"],
            response: ResponseAddress(topic: "ab", correlation: [9], qos: 1)
        )
        #expect(bytes == [1, 1, 0, 0x67, 2, 2, 0, 0x61, 0x62, 3, 1, 0, 9, 4, 1, 0, 1])
    }

    @Test func aTrailIsTheSameForAllThatCameTheSameWay() {
        let trail = CarriedProperties.encode(gateways: ["one", "two"])
        for response in [nil, address] {
            let bytes = CarriedProperties.encode(gateways: ["one", "two"], response: response)
            #expect(read(bytes) { Array($0.trail) } == trail)
        }
        #expect(read(CarriedProperties.encode(response: address)) { Array($0.trail) } == [])
    }

    @Test func typesOfLaterVersionsAreSkipped() {
        let bytes: [UInt8] = [99, 3, 0, 1, 2, 3] + CarriedProperties.encode(response: address) + [200, 0, 0]
        #expect(read(bytes) { $0.response } == address)
        #expect(read(CarriedProperties.encode(gateways: ["g"]) + bytes) { $0.gateways } == ["g"])
    }

    @Test func whatIsTooLongIsCutButStillTooLong() throws {
        let topics = ResponseTopics(["#"], base: nil)
        for (topic, correlation) in [(65_535, 65_535), (1025, 0), (1024, 1), (10, 1015), (0, 2000)] {
            let address = ResponseAddress(
                topic: String(repeating: "é", count: topic / 2) + String(repeating: "t", count: topic % 2),
                correlation: Array(repeating: 7, count: correlation),
                qos: 1
            )
            let bytes = CarriedProperties.encode(response: address)
            #expect(bytes.count <= 1025 + 4 * 3)
            let cut = try #require(read(bytes) { $0.response } ?? nil)
            let refusal = try #require(topics.refusal(of: cut))
            #expect(refusal == topics.refusal(of: address), "\(topic) \(correlation)")
        }
        let fits = ResponseAddress(topic: "t", correlation: Array(repeating: 7, count: 1023), qos: 1)
        let kept = try #require(read(CarriedProperties.encode(response: fits)) { $0.response } ?? nil)
        #expect(topics.refusal(of: kept) == nil)
        let most = CarriedProperties.encode(
            gateways: Array(repeating: String(repeating: "g", count: 256), count: 20) + ["x"],
            response: fits
        )
        #expect(read(most) { $0.gateways.count } == 8)
        #expect(CarriedProperties.encode(gateways: [String(repeating: "g", count: 257)]) == [])
    }

    /// Bytes that something damaged, or that were never properties.
    @Test func whatIsNotWellFormedGivesNothing() {
        let bytes = CarriedProperties.encode(gateways: ["one"], response: address)
        let ends = [0, 6, 6 + 13, 6 + 13 + 6, bytes.count]
        for count in 0...bytes.count {
            #expect((read(Array(bytes.prefix(count))) { _ in true } != nil) == ends.contains(count), "\(count)")
        }
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...40, using: &random)
            var noise = (0..<length).map { _ in UInt8.random(in: 0...5, using: &random) }
            if random.next() % 2 == 0 {
                noise = bytes
                for _ in 0..<3 {
                    noise[Int.random(in: 0..<noise.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            let all = noise
            _ = read(all) { properties in
                #expect(properties.trail.count <= all.count)
                #expect(properties.gateways.count <= all.count / 3)
                return (properties.response?.topic.utf8.count ?? 0) + (properties.response?.correlation.count ?? 0)
            }
        }
    }

    @Test func aBatchKnowsWhomItsRequestsAreFrom() {
        let batch = MessageBatch.requests([("a", address), ("b", nil)])
        #expect(batch.response(at: 0) == address && batch.response(at: 1) == nil)
        var unmarked = batch
        unmarked.entries[0].flags.remove(.isRequest)
        #expect(unmarked.response(at: 0) == nil)
        #expect(batch.entries[0].queueCost == 1 + CarriedProperties.encode(response: address).count + 64)
        #expect(batch.entries[1].queueCost == 65)
    }
}
