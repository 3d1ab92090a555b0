/// One configured route at work: its match, its queues, its counters. Used on the gateway's event loop only.
package final class Route {
    package let name: String
    package let queues: [RouteQueue]
    private var matcher: Matcher?
    private var matchedEntries = ContiguousArray<MessageBatch.Entry>()
    package private(set) var received = 0
    package private(set) var matched = 0

    package init(name: String, matcher: Matcher?, queues: [RouteQueue]) {
        self.name = name
        self.matcher = matcher
        self.queues = queues
    }

    package var unmatched: Int { received - matched }

    /// Hands what matches to every queue.
    func forward(_ batch: MessageBatch) {
        received += batch.count
        guard matcher != nil else {
            matched += batch.count
            for queue in queues { queue.accept(batch) }
            return
        }
        matchedEntries.removeAll(keepingCapacity: true)
        matcher?.select(from: batch, into: &matchedEntries)
        guard !matchedEntries.isEmpty else { return }
        matched += matchedEntries.count
        let selection = MessageBatch(bytes: batch.bytes, entries: matchedEntries, receivedAt: batch.receivedAt)
        for queue in queues { queue.accept(selection) }
    }
}
