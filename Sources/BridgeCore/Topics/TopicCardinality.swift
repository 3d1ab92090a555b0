/// Counts the distinct topics that one route renders for one sink, up to a limit, so that a feed can't fill a broker
/// with retained topics (S8).
///
/// It keeps a 64-bit hash per topic, seeded anew in each process: two topics that share one count as one.
package struct TopicCardinality: Sendable {
    package static let defaultLimit = 10_000

    private let limit: Int
    /// Open addressing; 0 = free.
    ///
    /// Grows with what it holds, at most half full.
    private var slots: ContiguousArray<UInt64> = ContiguousArray(repeating: 0, count: 64)
    /// How many distinct topics were admitted.
    package private(set) var count = 0

    package init(limit: Int = defaultLimit) {
        self.limit = limit
    }

    /// Whether the topic may be published to: it was before, or the limit isn't reached.
    package mutating func admits(_ topic: UnsafeRawBufferPointer) -> Bool {
        var hasher = Hasher()
        hasher.combine(bytes: topic)
        let hash = max(1, UInt64(bitPattern: Int64(hasher.finalize())))
        let slot = slot(of: hash)
        if slots[slot] == hash { return true }
        guard count < limit else { return false }
        slots[slot] = hash
        count += 1
        if count * 2 > slots.count { grow() }
        return true
    }

    private func slot(of hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0, slots[slot] != hash { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let hashes = slots
        slots = ContiguousArray(repeating: 0, count: hashes.count * 2)
        for hash in hashes where hash != 0 { slots[slot(of: hash)] = hash }
    }
}
