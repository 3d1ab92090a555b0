package import Logging

/// One configured route at work: its match, its queues, its counters.
///
/// Used on the gateway's event loop only.
package final class Route {
    package let name: String
    package let queues: [RouteQueue]
    private let matcher: Matcher?
    private let log: Logger
    private var matchedEntries = ContiguousArray<MessageBatch.Entry>()
    package private(set) var received = 0
    package private(set) var matched = 0
    private var toldLimitHits = 0

    package init(name: String, matcher: Matcher?, queues: [RouteQueue], log: Logger) {
        self.name = name
        self.matcher = matcher
        self.queues = queues
        var log = log
        log[metadataKey: "route"] = "\(name)"
        self.log = log
    }

    /// For how many messages a regex was given up because it took too long.
    package var regexLimitHits: Int { matcher?.limitHits ?? 0 }

    package var unmatched: Int { received - matched }

    /// Hands what matches to every queue.
    func forward(_ batch: MessageBatch) {
        received += batch.count
        guard let matcher else {
            matched += batch.count
            for queue in queues { queue.accept(batch) }
            return
        }
        matchedEntries.removeAll(keepingCapacity: true)
        matcher.select(from: batch, into: &matchedEntries)
        tellLimitHits()
        guard !matchedEntries.isEmpty else { return }
        matched += matchedEntries.count
        let selection = MessageBatch(bytes: batch.bytes, entries: matchedEntries, receivedAt: batch.receivedAt)
        for queue in queues { queue.accept(selection) }
    }

    /// The same words each time, so that the log's rate limit holds.
    private func tellLimitHits() {
        guard regexLimitHits > toldLimitHits else { return }
        toldLimitHits = regexLimitHits
        log.warning(
            """
            a regex of this route took too long over a message and was given up, which counts as no match: \
            simplify it, or put a cheaper condition before it with `all`
            """
        )
    }
}
