package import NIOCore

/// A queue that holds one message a key: a newer one takes the place of the older.
///
/// All of it is in memory. The disk, where there is one, holds the same under the same numbers: with `spill` what the
/// gateway's stop left, with `always` everything. Used on the gateway's event loop only.
package final class ConflatingStore: SpoolingStore {
    private struct Slot {
        var entry: MessageBatch.Entry
        /// Payload and topic.
        var bytes: ByteBuffer
        var receivedAt: NIODeadline
        var priorAge: Int64
        var key: [UInt8]?
        var number: Int64
        var isOnDisk = false
        /// The last write of it.
        var ticket: Int64 = 0
        /// False: dropped between others.
        var isLive = true

        /// When it was received, in milliseconds on a clock that may be negative.
        var receipt: Int64 { Int64(receivedAt.uptimeNanoseconds / 1_000_000) - priorAge }
    }

    private let conflation: ConflationKey
    private let level: SpooledStore.Level?
    private let maxDisk: Int
    private var slots = CircularBuffer<Slot>()
    /// Where the waiting message of a key stands, counted from the first slot that ever was.
    private var places: [[UInt8]: Int] = [:]
    private var left = 0
    private var next: Int64
    private var live = 0
    private var conflated = 0
    private var diskBytes: Int
    private var requests: [SpoolRequest] = []
    private var earlyRemovals: [(number: Int64, ticket: Int64, bytes: Int)] = []
    private var writing = CircularBuffer<(ticket: Int64, count: Int, bytes: Int)>()
    private var writingBytes = 0
    /// What a former run left comes first: nothing is offered before it is here.
    private var restoredSlots: [Slot] = []
    private var notLoaded: Int
    private var isLoading: Bool
    private var loadedThrough: Int64 = 0
    /// From here on they are this run's own.
    private let firstNew: Int64

    private(set) package var bytes = 0
    private(set) package var inFlight = 0
    package let restored: Int
    private(set) package var lastTicket: Int64 = 0
    private(set) package var securedTicket: Int64 = 0
    private(set) package var isFailing = false

    /// `level` and `contents` are `nil` for a queue that never touches a disk.
    init(
        by conflation: ConflationKey,
        level: SpooledStore.Level? = nil,
        maxDisk: Int = 0,
        contents: SpoolQueueContents? = nil
    ) {
        self.conflation = conflation
        self.level = level
        self.maxDisk = maxDisk
        next = contents?.next ?? 1
        firstNew = next
        restored = contents?.count ?? 0
        notLoaded = restored
        diskBytes = contents?.bytes ?? 0
        isLoading = restored > 0
        if isLoading { load() }
    }

    package var count: Int { live + notLoaded }
    package var isAlways: Bool { level == .always }
    package var writingCount: Int { writing.reduce(0) { $0 + $1.count } }
    package var isClogged: Bool { isFailing && writingBytes >= 1 << 20 }

    package func isHigh(_ policy: QueuePolicy) -> Bool { false }
    package func isLow(_ policy: QueuePolicy) -> Bool { true }
    package func isOver(_ policy: QueuePolicy) -> Bool {
        count > 1 && (bytes > policy.maxBytes || level != nil && diskBytes > maxDisk)
    }

    package func takeConflated() -> Int {
        defer { conflated = 0 }
        return conflated
    }

    // MARK: In

    package func append(_ batch: MessageBatch, in range: Range<Int>) {
        batch.withUnsafeBytes { all in
            for index in range {
                let payload = UnsafeRawBufferPointer(rebasing: all[batch.entries[index].payload])
                let key = conflation.key(of: payload)
                var slot = Self.slot(batch, index, all, key: key, number: next)
                if let key, let place = places[key] {
                    slot.number = slots[at(place)].number
                    replace(at(place), by: slot)
                } else {
                    next += 1
                    if let key { places[key] = left + slots.count }
                    bytes += slot.entry.queueCost
                    live += 1
                    slots.append(slot)
                    if isAlways { write(slots.index(before: slots.endIndex)) }
                }
            }
        }
    }

    private func at(_ place: Int) -> CircularBuffer<Slot>.Index {
        slots.index(slots.startIndex, offsetBy: place - left)
    }

    private func replace(_ index: CircularBuffer<Slot>.Index, by slot: Slot) {
        let older = slots[index]
        var slot = slot
        slot.isOnDisk = older.isOnDisk
        slot.ticket = older.ticket
        bytes += slot.entry.queueCost - older.entry.queueCost
        conflated += 1
        slots[index] = slot
        if isAlways { write(index, replacing: older) }
    }

    private func write(_ index: CircularBuffer<Slot>.Index, replacing older: Slot? = nil) {
        lastTicket += 1
        let isReplacement = older?.isOnDisk == true
        let cost = slots[index].entry.queueCost - (isReplacement ? older?.entry.queueCost ?? 0 : 0)
        slots[index].isOnDisk = true
        slots[index].ticket = lastTicket
        diskBytes += cost
        writing.append((lastTicket, 1, slots[index].entry.queueCost))
        writingBytes += slots[index].entry.queueCost
        let batch = Self.batch(of: [slots[index]])
        requests.append(
            .append(
                ticket: lastTicket,
                first: slots[index].number,
                batch,
                0..<1,
                bytes: cost,
                replaced: isReplacement ? 1 : 0
            )
        )
    }

    private static func slot(
        _ batch: MessageBatch,
        _ index: Int,
        _ all: UnsafeRawBufferPointer,
        key: [UInt8]?,
        number: Int64
    ) -> Slot {
        var entry = batch.entries[index]
        var bytes = ByteBufferAllocator().buffer(capacity: entry.payload.count + entry.topic.count)
        bytes.writeBytes(all[entry.payload])
        bytes.writeBytes(all[entry.topic])
        entry.payloadOffset = 0
        entry.topicOffset = entry.payloadLength
        let delay = TimeAmount.milliseconds(Int64(entry.delay))
        entry.delay = 0
        return Slot(
            entry: entry,
            bytes: bytes,
            receivedAt: batch.receivedAt + delay,
            priorAge: batch.priorAge,
            key: key,
            number: number
        )
    }

    private static func batch(of slots: some Collection<Slot>) -> MessageBatch {
        guard let first = slots.first else { return .empty }
        var batch = MessageBatch(
            bytes: ByteBufferAllocator().buffer(capacity: slots.reduce(0) { $0 + $1.bytes.readableBytes }),
            entries: [],
            receivedAt: first.receivedAt,
            priorAge: first.priorAge
        )
        for slot in slots {
            var entry = slot.entry
            entry.payloadOffset += UInt32(truncatingIfNeeded: batch.bytes.writerIndex)
            entry.topicOffset += UInt32(truncatingIfNeeded: batch.bytes.writerIndex)
            entry.delay = UInt32(clamping: slot.receipt - first.receipt)
            batch.bytes.writeImmutableBuffer(slot.bytes)
            batch.entries.append(entry)
        }
        return batch
    }

    // MARK: Out

    package func waiting(limit: Int) -> MessageBatch? {
        guard !isLoading, waitingCount > 0 else { return nil }
        let batch = Self.batch(of: Array(slots.lazy.filter(\.isLive).dropFirst(inFlight).prefix(limit)))
        return batch.isEmpty ? nil : batch
    }

    package func ageOfOldestWaiting(now: NIODeadline) -> Int64? {
        guard !isLoading, let slot = slots.lazy.filter(\.isLive).dropFirst(inFlight).first else { return nil }
        return Int64(now.uptimeNanoseconds / 1_000_000) - slot.receipt
    }

    /// What is in flight is no longer replaced.
    package func took(_ count: Int) {
        var skip = inFlight
        var taken = count
        for (offset, slot) in slots.enumerated() where slot.isLive && taken > 0 {
            if skip > 0 {
                skip -= 1
                continue
            }
            taken -= 1
            if let key = slot.key, places[key] == left + offset { places[key] = nil }
        }
        inFlight += count
    }

    package func settled(_ count: Int) {
        inFlight -= count
        var leaving = count
        while let slot = slots.first, leaving > 0 || !slot.isLive {
            if slot.isLive {
                leaving -= 1
                leave(slot)
            }
            slots.removeFirst()
            left += 1
        }
    }

    private func leave(_ slot: Slot) {
        live -= 1
        bytes -= slot.entry.queueCost
        guard slot.isOnDisk else { return }
        remove(slot.number, ticket: slot.ticket, bytes: slot.entry.queueCost)
    }

    private func remove(_ number: Int64, ticket: Int64, bytes: Int) {
        if ticket > securedTicket {
            earlyRemovals.append((number, ticket, bytes))
        } else {
            diskBytes -= bytes
            requests.append(.remove(first: number, last: number, bytes: bytes))
        }
    }

    /// What was in flight waits again, unless a newer one of its key came meanwhile.
    package func rewind() {
        var back = inFlight
        inFlight = 0
        for (offset, index) in slots.indices.enumerated() where slots[index].isLive && back > 0 {
            back -= 1
            slots[index].entry.flags.insert(.redelivered)
            guard let key = slots[index].key else { continue }
            if places[key] == nil {
                places[key] = left + offset
            } else {
                slots[index].isLive = false
                leave(slots[index])
                conflated += 1
            }
        }
        settled(0)
    }

    package func dropOldestWaiting() -> Bool {
        guard !isLoading else { return false }
        var skip = inFlight
        for (offset, index) in slots.indices.enumerated() where slots[index].isLive {
            guard skip == 0 else {
                skip -= 1
                continue
            }
            if let key = slots[index].key, places[key] == left + offset { places[key] = nil }
            slots[index].isLive = false
            leave(slots[index])
            settled(0)
            return true
        }
        return false
    }

    package func removeAll() {
        for slot in slots where slot.isLive { leave(slot) }
        slots.removeAll()
        places = [:]
        left = 0
        inFlight = 0
        restoredSlots = []
        notLoaded = 0
        isLoading = false
    }

    // MARK: What the disk says

    package func takeRequests() -> [SpoolRequest] {
        guard !requests.isEmpty else { return [] }
        defer { requests = [] }
        return requests
    }

    package func committed(_ ticket: Int64) {
        securedTicket = max(securedTicket, ticket)
        while let write = writing.first, write.ticket <= ticket {
            writing.removeFirst()
            writingBytes -= write.bytes
        }
        let removals = earlyRemovals
        earlyRemovals = []
        for removal in removals { remove(removal.number, ticket: removal.ticket, bytes: removal.bytes) }
    }

    private func load() {
        requests.append(
            .read(after: loadedThrough, messages: SpooledStore.pageMessages, bytes: SpooledStore.pageBytes)
        )
    }

    package func received(_ page: SpoolPage, now: NIODeadline) -> Int {
        guard isLoading else { return 0 }
        page.batch.withUnsafeBytes { all in
            var index = 0
            for run in page.runs {
                for offset in 0..<run.count where run.first + Int64(offset) < firstNew {
                    let payload = UnsafeRawBufferPointer(rebasing: all[page.batch.entries[index].payload])
                    var slot = Self.slot(
                        page.batch,
                        index,
                        all,
                        key: conflation.key(of: payload),
                        number: run.first + Int64(offset)
                    )
                    slot.isOnDisk = true
                    restoredSlots.append(slot)
                    index += 1
                }
            }
        }
        for number in page.damaged where number < firstNew {
            requests.append(.remove(first: number, last: number, bytes: 0))
        }
        loadedThrough = page.last
        guard page.isEnd || page.last >= firstNew - 1 else {
            load()
            return 0
        }
        let lost = max(0, notLoaded - restoredSlots.count)
        merge()
        return lost
    }

    /// Puts what a former run left before what came meanwhile.
    private func merge() {
        isLoading = false
        notLoaded = 0
        live += restoredSlots.count
        for slot in restoredSlots { bytes += slot.entry.queueCost }
        slots = CircularBuffer(restoredSlots + slots)
        restoredSlots = []
        places = [:]
        // From the newest back: the first of its key that is met stays.
        for (offset, index) in slots.indices.enumerated().reversed() where slots[index].isLive {
            guard let key = slots[index].key else { continue }
            if places[key] == nil {
                places[key] = left + offset
            } else {
                slots[index].isLive = false
                leave(slots[index])
                conflated += 1
            }
        }
        settled(0)
    }

    package func readFailed() { if isLoading { load() } }

    package func lostFile() -> Int {
        let lost = notLoaded
        for index in slots.indices where slots[index].ticket <= securedTicket { slots[index].isOnDisk = false }
        earlyRemovals = earlyRemovals.filter { $0.ticket > securedTicket }
        diskBytes = writingBytes
        if isLoading {
            for index in restoredSlots.indices { restoredSlots[index].isOnDisk = false }
            let missing = lost - restoredSlots.count
            merge()
            return max(0, missing)
        }
        return 0
    }

    package func diskFails(_ isFailing: Bool) { self.isFailing = isFailing }

    package func park() {
        guard level != nil else { return }
        for index in slots.indices where slots[index].isLive && !slots[index].isOnDisk { write(index) }
    }
}
