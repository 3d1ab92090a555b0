package import NIOCore

/// A queue in memory: chunks of messages whose bytes lie together, first in, first out.
///
/// A chunk that was given out in a batch shares its buffer with it; later messages begin a chunk of their own, so
/// nothing is copied twice and a drained queue frees what it held.
package struct MemoryStore: QueueStore {
    /// A new chunk begins when the last one holds so many bytes.
    static let chunkBytes = 64 << 10
    /// And when its first message was received so long before: times within a chunk are 32 bits of milliseconds.
    static let chunkTime = TimeAmount.hours(24)

    private struct Chunk {
        var bytes: ByteBuffer
        var entries: ContiguousArray<MessageBatch.Entry>
        var receivedAt: NIODeadline
        var priorAge: Int64
        var isShared = false
    }

    private var chunks = CircularBuffer<Chunk>()
    /// Messages of the first chunk that have left already.
    private var left = 0
    private(set) package var count = 0
    private(set) package var bytes = 0
    private(set) package var inFlight = 0
    private(set) package var requestCount = 0

    package init() {}

    package mutating func append(_ batch: MessageBatch, in range: Range<Int>) {
        guard !range.isEmpty else { return }
        var cost = 0
        var flags: MessageBatch.Flags = []
        for index in range {
            cost += batch.entries[index].queueCost
            flags.formUnion(batch.entries[index].flags)
        }
        if flags.contains(.isRequest) { requestCount += batch.entries[range].requestCount }
        let messageBytes = cost - range.count * MessageBatch.Entry.fixedCost
        let last = chunks.indices.last
        let fits =
            last.map { index in
                !chunks[index].isShared && chunks[index].priorAge == batch.priorAge
                    && batch.receivedAt - chunks[index].receivedAt < Self.chunkTime
                    && chunks[index].bytes.writerIndex + messageBytes <= Self.chunkBytes
            } ?? false
        if fits, let last {
            Self.copy(batch, in: range, to: &chunks[last])
        } else {
            var chunk = Chunk(
                bytes: ByteBufferAllocator().buffer(capacity: messageBytes),
                entries: [],
                receivedAt: batch.receivedAt,
                priorAge: batch.priorAge
            )
            Self.copy(batch, in: range, to: &chunk)
            chunks.append(chunk)
        }
        count += range.count
        bytes += cost
    }

    private static func copy(_ batch: MessageBatch, in range: Range<Int>, to chunk: inout Chunk) {
        let delay = UInt32(clamping: (batch.receivedAt - chunk.receivedAt).nanoseconds / 1_000_000)
        batch.withUnsafeBytes { source in
            for index in range {
                var entry = batch.entries[index]
                let payload = entry.payload
                let topic = entry.topicAndProperties
                entry.payloadOffset = UInt32(truncatingIfNeeded: chunk.bytes.writerIndex)
                chunk.bytes.writeBytes(UnsafeRawBufferPointer(rebasing: source[payload]))
                entry.topicOffset = UInt32(truncatingIfNeeded: chunk.bytes.writerIndex)
                if !topic.isEmpty {
                    chunk.bytes.writeBytes(UnsafeRawBufferPointer(rebasing: source[topic]))
                }
                entry.delay += delay
                chunk.entries.append(entry)
            }
        }
    }

    package mutating func waiting(limit: Int) -> MessageBatch? {
        var skip = left + inFlight
        for index in chunks.indices {
            let held = chunks[index].entries.count
            guard skip < held else {
                skip -= held
                continue
            }
            chunks[index].isShared = true
            let chunk = chunks[index]
            let end = min(held, skip + limit)
            let entries = skip == 0 && end == held ? chunk.entries : ContiguousArray(chunk.entries[skip..<end])
            return MessageBatch(
                bytes: chunk.bytes,
                entries: entries,
                receivedAt: chunk.receivedAt,
                priorAge: chunk.priorAge
            )
        }
        return nil
    }

    package func ageOfOldestWaiting(now: NIODeadline) -> Int64? {
        var skip = left + inFlight
        for chunk in chunks {
            guard skip < chunk.entries.count else {
                skip -= chunk.entries.count
                continue
            }
            return (now - chunk.receivedAt).nanoseconds / 1_000_000 + chunk.priorAge - Int64(chunk.entries[skip].delay)
        }
        return nil
    }

    /// Everything held, in order, those in flight included.
    func everything() -> [MessageBatch] {
        var skip = left
        return chunks.map { chunk in
            defer { skip = 0 }
            return MessageBatch(
                bytes: chunk.bytes,
                entries: skip == 0 ? chunk.entries : ContiguousArray(chunk.entries[skip...]),
                receivedAt: chunk.receivedAt,
                priorAge: chunk.priorAge
            )
        }
    }

    package mutating func took(_ count: Int) {
        assert(count <= waitingCount, "took \(count) of \(waitingCount) waiting")
        inFlight += count
    }

    package mutating func settled(_ count: Int) {
        assert(count <= inFlight, "settled \(count) of \(inFlight) in flight")
        inFlight -= count
        removeFirst(count)
    }

    package mutating func rewind() {
        var marked = left + inFlight
        var from = left
        for index in chunks.indices where marked > 0 {
            let end = min(marked, chunks[index].entries.count)
            for entry in from..<max(from, end) { chunks[index].entries[entry].flags.insert(.redelivered) }
            marked -= end
            from = 0
        }
        inFlight = 0
    }

    package mutating func dropOldestWaiting() -> Bool {
        guard waitingCount > 0 else { return false }
        guard inFlight > 0 else {
            removeFirst(1)
            return true
        }
        var skip = left + inFlight
        for index in chunks.indices {
            let held = chunks[index].entries.count
            guard skip < held else {
                skip -= held
                continue
            }
            let entry = chunks[index].entries.remove(at: skip)
            if entry.flags.contains(.isRequest) { requestCount -= 1 }
            bytes -= entry.queueCost
            count -= 1
            if chunks[index].entries.isEmpty { chunks.remove(at: index) }
            return true
        }
        return false
    }

    package mutating func removeAll() {
        self = MemoryStore()
    }

    private mutating func removeFirst(_ number: Int) {
        var remaining = number
        count -= number
        while remaining > 0, let first = chunks.indices.first {
            let available = chunks[first].entries.count - left
            let leaving = min(remaining, available)
            for index in left..<left + leaving { bytes -= chunks[first].entries[index].queueCost }
            if requestCount > 0 { requestCount -= chunks[first].entries[left..<left + leaving].requestCount }
            remaining -= leaving
            left += leaving
            if left == chunks[first].entries.count {
                chunks.removeFirst()
                left = 0
            }
        }
    }

    // MARK: Requests

    package func requests(at places: Range<Int>) -> [ResponseAddress] {
        var found: [ResponseAddress] = []
        for (index, range) in parts(of: places) {
            let chunk = chunks[index]
            let batch = MessageBatch(bytes: chunk.bytes, entries: chunk.entries, receivedAt: chunk.receivedAt)
            for entry in range { if let address = batch.response(at: entry) { found.append(address) } }
        }
        return found
    }

    package mutating func tellRequests(at places: Range<Int>) -> [ResponseAddress] {
        var found: [ResponseAddress] = []
        for (index, range) in parts(of: places) {
            let bytes = chunks[index].bytes
            for entry in range where chunks[index].entries[entry].tellsItsSender {
                chunks[index].entries[entry].flags.insert(.isToldQueued)
                let told = chunks[index].entries[entry]
                if let address = bytes.withVeryUnsafeBytes({ told.response(in: $0) }) { found.append(address) }
            }
        }
        return found
    }

    /// Where these places lie: by chunk, which of its entries.
    private func parts(of places: Range<Int>) -> [(CircularBuffer<Chunk>.Index, Range<Int>)] {
        var parts: [(CircularBuffer<Chunk>.Index, Range<Int>)] = []
        var first = -left
        for index in chunks.indices {
            let held = first..<first + chunks[index].entries.count
            let range = held.clamped(to: max(places.lowerBound, 0)..<max(places.upperBound, 0))
            if !range.isEmpty { parts.append((index, range.lowerBound - first..<range.upperBound - first)) }
            first = held.upperBound
            if first >= places.upperBound { break }
        }
        return parts
    }
}

extension ArraySlice<MessageBatch.Entry> {
    fileprivate var requestCount: Int { count { $0.flags.contains(.isRequest) } }
}

extension MessageBatch.Entry {
    /// Whether its sender wants to know, and doesn't, that it waits.
    var tellsItsSender: Bool { flags.intersection([.isRequest, .isToldQueued]) == .isRequest }
}
