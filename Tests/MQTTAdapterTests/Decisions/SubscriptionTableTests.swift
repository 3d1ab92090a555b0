import BridgeCore
import Testing

@testable import MQTTAdapter

@Suite struct SubscriptionTableTests {
    private func table(_ wanted: [(String, Int)]) throws -> SubscriptionTable {
        var table = SubscriptionTable()
        for (source, (filter, qos)) in wanted.enumerated() {
            table.add(try TopicFilter(filter), qos: qos, source: source)
        }
        return table
    }

    private func sources(_ table: SubscriptionTable, _ topic: String, _ identifiers: [UInt32] = []) -> [Int] {
        var matches: [Int] = []
        Array(topic.utf8).withUnsafeBytes { table.match(topic: $0, identifiers: identifiers, into: &matches) }
        return matches.flatMap { table.subscriptions[$0].sources }
    }

    private func filters(_ table: SubscriptionTable, _ requests: [SubscriptionTable.Request]) -> [String: Int] {
        Dictionary(
            uniqueKeysWithValues: requests.map { (table.subscriptions[$0.index].filter.description, $0.qos) }
        )
    }

    @Test func equalFiltersAreSubscribedOnceWithTheHighestQoS() throws {
        let table = try table([("a", 0), ("b", 0), ("a", 1)])
        #expect(filters(table, table.requestsWithIdentifiers()) == ["a": 1, "b": 0])
        #expect(sources(table, "a") == [0, 2])
    }

    @Test func withoutIdentifiersACoveredFilterIsLeftOut() throws {
        let table = try table([("a/b", 1), ("a/#", 0), ("a", 0), ("x/+/y", 0), ("x/1/y", 1), ("z", 0)])
        #expect(filters(table, table.requestsWithoutIdentifiers()) == ["a/#": 1, "x/+/y": 1, "z": 0])
        #expect(sources(table, "a/b") == [0, 1])
        #expect(sources(table, "a") == [1, 2])
        #expect(sources(table, "x/1/y") == [3, 4])
    }

    @Test func withoutIdentifiersOverlappingFiltersGetTheHighestQoS() throws {
        let table = try table([("a/+", 0), ("+/b", 1), ("c", 0)])
        #expect(filters(table, table.requestsWithoutIdentifiers()) == ["a/+": 1, "+/b": 1, "c": 0])
    }

    @Test func aRefusedCoverCoversNothing() throws {
        let table = try table([("a/#", 0), ("a/b", 1), ("a/c", 0)])
        #expect(filters(table, table.requestsWithoutIdentifiers(refused: [0])) == ["a/b": 1, "a/c": 0])
    }

    @Test func identifiersSayWhoseADeliveryIs() throws {
        let table = try table([("a/#", 0), ("a/b", 0)])
        #expect(sources(table, "a/b", [1]) == [0])
        #expect(sources(table, "a/b", [2]) == [1])
        #expect(sources(table, "a/b", [1, 2]) == [0, 1])
    }

    @Test func identifiersOfAnOlderConfigurationAreNotBelieved() throws {
        let table = try table([("a/#", 0), ("b", 0)])
        #expect(sources(table, "b", [1]) == [1])
        #expect(sources(table, "b", [77, 0]) == [1])
        #expect(sources(table, "c", [1]) == [])
    }

    @Test(arguments: [
        ("#", "a/b", true), ("#", "$SYS/a", false), ("+/a", "$SYS/a", false), ("a/#", "a", true), ("a/#", "a/#", true),
        ("a/+", "a/#", false), ("a/+", "a/+", true), ("a/+", "a/b/c", false), ("a/#", "a/+/c", true),
        ("+/b", "a/+", false), ("a", "a/b", false), ("a/b/#", "a", false), ("+", "a", true), ("+/+", "/", true),
    ])
    func covering(_ wide: String, _ narrow: String, covers: Bool) throws {
        let wide = Subscription(filter: try TopicFilter(wide), qos: 0)
        let narrow = Subscription(filter: try TopicFilter(narrow), qos: 0)
        #expect(wide.covers(narrow) == covers)
    }

    @Test func sharedSubscriptionsStandOnTheirOwn() throws {
        let table = try table([("a/#", 0), ("$share/g/a/b", 1)])
        #expect(filters(table, table.requestsWithoutIdentifiers()).keys.sorted() == ["$share/g/a/b", "a/#"])
    }
}
