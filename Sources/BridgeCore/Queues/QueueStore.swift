package import NIOCore

/// Where a queue keeps its messages: the seam between a queue's policy and memory or disk.
///
/// Messages stand in one order: first those in flight (taken by the sink, not settled), then those waiting.
package protocol QueueStore {
    /// How many messages are held, those in flight included.
    var count: Int { get }
    /// What they cost in memory: payload + topic + properties + 64 bytes each.
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

    /// How old the oldest waiting message is, in milliseconds; `nil` when none waits in memory.
    func ageOfOldestWaiting(now: NIODeadline) -> Int64?

    /// Removes what waits and has that age, in milliseconds; says how many, and which of them were requests.
    mutating func dropExpired(ttl: Int64, now: NIODeadline) -> (count: Int, requests: [ResponseAddress])

    /// Removes everything.
    mutating func removeAll()

    // MARK: Requests

    /// How many of the messages in memory are requests: while there are none, nobody asks for them.
    var requestCount: Int { get }

    /// Where the senders of the messages at these places want their answers, oldest first, as far as memory knows.
    func requests(at places: Range<Int>) -> [ResponseAddress]

    /// The same of those who don't know yet that their messages wait: now they do.
    mutating func tellRequests(at places: Range<Int>) -> [ResponseAddress]

    // MARK: How full it is

    /// Whether a queue that blocks pauses its source.
    func isHigh(_ policy: QueuePolicy) -> Bool

    /// Whether a queue that blocks lets its source go on.
    func isLow(_ policy: QueuePolicy) -> Bool

    /// Whether old messages have to go for the bound to hold.
    func isOver(_ policy: QueuePolicy) -> Bool

    /// How much more may come in, as counted in `max_bytes`.
    func room(_ policy: QueuePolicy) -> Int

    /// How many messages a newer one of their key replaced since the last call, and which of them were requests.
    mutating func takeConflated() -> (count: Int, requests: [ResponseAddress])
}

extension QueueStore {
    package var isEmpty: Bool { count == 0 }
    package var waitingCount: Int { count - inFlight }

    package func isHigh(_ policy: QueuePolicy) -> Bool { bytes >= policy.highWater && !isEmpty }

    package func isLow(_ policy: QueuePolicy) -> Bool { bytes <= policy.lowWater }

    package func isOver(_ policy: QueuePolicy) -> Bool { bytes > policy.maxBytes && count > 1 }

    package func room(_ policy: QueuePolicy) -> Int { policy.maxBytes - bytes }

    package mutating func takeConflated() -> (count: Int, requests: [ResponseAddress]) { (0, []) }

    /// Of messages that stand in the order of their receipt.
    package mutating func dropExpired(ttl: Int64, now: NIODeadline) -> (count: Int, requests: [ResponseAddress]) {
        var expired: (count: Int, requests: [ResponseAddress]) = (0, [])
        while let age = ageOfOldestWaiting(now: now), age >= ttl {
            let asking = requestCount > 0 ? requests(at: inFlight..<inFlight + 1) : []
            guard dropOldestWaiting() else { break }
            expired.count += 1
            expired.requests += asking
        }
        return expired
    }
}
