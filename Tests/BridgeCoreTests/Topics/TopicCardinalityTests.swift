import Testing

@testable import BridgeCore

struct TopicCardinalityTests {
    @Test("S8: distinct topics are admitted up to the limit, known ones always")
    func admitsUpToTheLimit() {
        var topics = TopicCardinality(limit: 1000)
        let new = (0..<1200).map { topics.admits("feed/\($0)") }
        #expect(new == (0..<1200).map { $0 < 1000 })
        let again = (0..<1200).map { topics.admits("feed/\($0)") }
        #expect(again == new)
        #expect(topics.count == 1000)
    }

    @Test func aLimitOfNothingAdmitsNothing() {
        var topics = TopicCardinality(limit: 0)
        let isAdmitted = topics.admits("a")
        #expect(!isAdmitted)
    }
}

extension TopicCardinality {
    fileprivate mutating func admits(_ topic: String) -> Bool {
        let topic = Array(topic.utf8)
        return topic.withUnsafeBytes { admits($0) }
    }
}
