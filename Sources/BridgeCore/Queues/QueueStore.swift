/// Where a queue keeps its messages: the seam between a queue's policy and memory or disk.
///
/// Messages stand in one order: first those in flight (taken by the sink, not settled), then those waiting.
package protocol QueueStore {
    /// How many messages are held, those in flight included.
    var count: Int { get }
    /// What they cost in memory: payload + topic + 64 bytes each.
    var bytes: Int { get }
    /// How many are in flight.
    var inFlight: Int { get }

    /// Keeps copies of the batch's messages in this range, behind all others.
    mutating func append(_ batch: MessageBatch, in range: Range<Int>)

    /// The oldest waiting messages, at most `limit`, in a batch of the store's own; `nil` when none waits.
    mutating func waiting(limit: Int) -> MessageBatch?

    /// The oldest `count` waiting messages are in flight now.
    mutating func took(_ count: Int)

    /// The oldest `count` messages in flight leave.
    mutating func settled(_ count: Int)

    /// What is in flight waits again.
    mutating func rewind()

    /// Removes the oldest waiting message; false when none waits.
    mutating func dropOldestWaiting() -> Bool

    /// Removes everything.
    mutating func removeAll()
}

extension QueueStore {
    package var isEmpty: Bool { count == 0 }
    package var waitingCount: Int { count - inFlight }
}
