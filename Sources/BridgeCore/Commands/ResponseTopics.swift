/// To which topics answers may go: the allow-list that S9 asks for.
package struct ResponseTopics: Sendable {
    /// A response topic and its correlation data together may be so long.
    static let mostBytes = 1024

    private let filters: [TopicFilter]
    /// The gateway's own status topics, which no answer may overwrite.
    private let base: String?

    /// `filters` are texts of a `TopicFilter` that parse.
    package init(_ filters: [String], base: String?) {
        self.filters = filters.compactMap { try? TopicFilter($0) }
        self.base = base
    }

    /// Why no answer goes there; `nil` = it may.
    package func refusal(of address: ResponseAddress) -> String? {
        if filters.isEmpty { return "the broker has no response_topics" }
        if address.topic.utf8.count + address.correlation.count > Self.mostBytes {
            return "it is longer than \(Self.mostBytes) bytes, with its correlation data"
        }
        if let fault = TopicName.fault(in: address.topic) { return fault }
        if let base, address.topic == base || address.topic.hasPrefix("\(base)/") {
            return "it is one of the gateway's own"
        }
        var topic = address.topic
        let isListed = topic.withUTF8 { topic in filters.contains { $0.matches(UnsafeRawBufferPointer(topic)) } }
        return isListed ? nil : "response_topics doesn't list it"
    }
}
