import NIOCore

/// A queue that holds one message a key: a newer one takes the place of the older.
///
/// All of it is in memory. The disk, where there is one, holds the same under the same numbers: with `spill` what the
/// gateway's stop left, with `always` everything. Used on the gateway's event loop only.
package final class ConflatingStore: SpoolingStore {
    /// So much may be on its way to the disk.
    static let writingLimit = 256 << 10

    let conflation: ConflationKey
    let level: SpooledStore.Level?
    let maxDisk: Int
    var window: RepeatWindow
    var slots = CircularBuffer<Slot>()
    /// Where the waiting message of a key stands, counted from the first slot that ever was.
    var places: [[UInt8]: Int] = [:]
    var left = 0
    var next: Int64
    var live = 0
    var conflated: (count: Int, requests: [ResponseAddress]) = (0, [])
    package var diskBytes: Int
    var requests: [SpoolRequest] = []
    var earlyRemovals: [(number: Int64, ticket: Int64, bytes: Int, settled: Int)] = []
    var writing = CircularBuffer<(ticket: Int64, bytes: Int)>()
    var writingBytes = 0
    /// Slots wait for their turn, under the ticket behind the last that was given out.
    var isDue = false
    var given: Int64 = 0
    var dead = 0
    var loadIsHeld = false
    /// Nothing that waits was received before; a newer message stands where an older one stood, so places don't tell.
    var earliest = Int64.max
    /// What a former run left comes first: nothing is offered before it is here.
    var restoredSlots: [Slot] = []
    var notLoaded: Int
    var isLoading: Bool
    var loadedThrough: Int64 = 0
    /// From here on they are this run's own.
    let firstNew: Int64

    package var bytes = 0
    package var inFlight = 0
    package var requestCount = 0
    package internal(set) var restored: Int
    package var lastTicket: Int64 { given + (isDue ? 1 : 0) }
    package var securedTicket: Int64 = 0
    package var isFailing = false

    /// `level` and `contents` are `nil` for a queue that never touches a disk.
    init(
        by conflation: ConflationKey,
        level: SpooledStore.Level? = nil,
        maxDisk: Int = 0,
        window: Int = .max,
        contents: SpoolQueueContents? = nil
    ) {
        self.conflation = conflation
        self.level = level
        self.maxDisk = maxDisk
        self.window = RepeatWindow(limit: window)
        next = contents?.next ?? 1
        firstNew = next
        restored = contents?.count ?? 0
        notLoaded = restored
        diskBytes = contents?.bytes ?? 0
        isLoading = restored > 0
        if isLoading { load() }
    }

    package var count: Int { live + notLoaded }
    /// How many places it keeps, dead ones included.
    var slotCount: Int { slots.count }
    package var isAlways: Bool { level == .always }
    package var writingCount: Int {
        slots.count { $0.isLive && ($0.isDue || $0.isOnDisk && $0.ticket > securedTicket) }
    }
    /// Never: what waits to be written is at most what is held.
    package var isClogged: Bool { false }
    package var isCaughtUp: Bool { true }
    package var isHeldUp: Bool { window.isPressing && waitingCount > 0 }

    package func isHigh(_ policy: QueuePolicy) -> Bool { false }
    package func isLow(_ policy: QueuePolicy) -> Bool { true }
    package func isOver(_ policy: QueuePolicy) -> Bool {
        count > 1 && (bytes > policy.maxBytes || level != nil && diskBytes > maxDisk)
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
                    enter(slot)
                    slots.append(slot)
                    if isAlways { write(slots.index(before: slots.endIndex)) }
                }
            }
        }
    }

    func at(_ place: Int) -> CircularBuffer<Slot>.Index {
        slots.index(slots.startIndex, offsetBy: place - left)
    }

    func replace(_ index: CircularBuffer<Slot>.Index, by slot: Slot) {
        let older = slots[index]
        var slot = slot
        slot.isOnDisk = older.isOnDisk
        slot.isNewer = older.isOnDisk
        slot.ticket = older.ticket
        slot.writtenCost = older.writtenCost
        noteConflated(older)
        forget(older)
        enter(slot)
        slots[index] = slot
        if isAlways { write(index) }
    }

    func write(_ index: CircularBuffer<Slot>.Index) {
        slots[index].isDue = true
        guard !isDue, writingBytes < Self.writingLimit else {
            // A disk that is slower than the feed gets only the last of each key.
            isDue = true
            return
        }
        given += 1
        write(index, under: given)
    }

    func write(_ index: CircularBuffer<Slot>.Index, under ticket: Int64) {
        let slot = slots[index]
        let cost = slot.entry.queueCost
        slots[index].isDue = false
        slots[index].isOnDisk = true
        slots[index].isNewer = false
        slots[index].ticket = ticket
        slots[index].writtenCost = cost
        diskBytes += cost - slot.writtenCost
        writing.append((ticket, cost))
        writingBytes += cost
        requests.append(
            .append(
                ticket: ticket,
                first: slot.number,
                Self.batch(of: [slot]),
                0..<1,
                bytes: cost - slot.writtenCost,
                replaced: slot.isOnDisk ? 1 : 0
            )
        )
    }

    /// Everything whose turn it was not, in one go.
    func writeWhatIsDue() {
        guard isDue else { return }
        isDue = false
        given += 1
        for index in slots.indices where slots[index].isLive && slots[index].isDue { write(index, under: given) }
    }

    // MARK: Out

    package func waiting(limit: Int) -> MessageBatch? {
        guard !isLoading, waitingCount > 0 else { return nil }
        let isBound = !isFailing && (diskBytes > 0 || window.leaving > 0)
        let limit = isBound ? min(limit, window.room(inFlight: inFlight)) : limit
        let batch = Self.batch(of: Array(slots.lazy.filter(\.isLive).dropFirst(inFlight).prefix(limit)))
        return batch.isEmpty ? nil : batch
    }

    /// What is in flight is no longer replaced.
    package func took(_ count: Int) {
        var skip = inFlight
        var taken = count
        inFlight += count
        window.took(count)
        for (offset, index) in slots.indices.enumerated() {
            guard taken > 0 else { return }
            guard slots[index].isLive else { continue }
            guard skip == 0 else {
                skip -= 1
                continue
            }
            taken -= 1
            if let key = slots[index].key, places[key] == left + offset { places[key] = nil }
        }
    }

    package func settled(_ count: Int) {
        inFlight -= count
        var leaving = count
        while let slot = slots.first, leaving > 0 || !slot.isLive {
            if slot.isLive {
                leave(slot, settled: leaving > 0 ? 1 : 0)
                leaving -= 1
            } else {
                dead -= 1
            }
            slots.removeFirst()
            left += 1
        }
    }

    func enter(_ slot: Slot) {
        live += 1
        earliest = min(earliest, slot.receipt)
        bytes += slot.entry.queueCost
        if slot.entry.flags.contains(.isRequest) { requestCount += 1 }
    }

    private func forget(_ slot: Slot) {
        live -= 1
        bytes -= slot.entry.queueCost
        if slot.entry.flags.contains(.isRequest) { requestCount -= 1 }
    }

    func leave(_ slot: Slot, settled: Int = 0) {
        forget(slot)
        guard slot.isOnDisk else { return }
        window.settled(settled)
        remove(slot.number, ticket: slot.ticket, bytes: slot.writtenCost, settled: settled)
    }

    /// Takes it out where it stands, between others.
    func bury(_ index: CircularBuffer<Slot>.Index, settled: Int = 0) {
        leave(slots[index], settled: settled)
        slots[index].isLive = false
        slots[index].bytes = ByteBuffer()
        slots[index].key = nil
        dead += 1
    }

    /// Dead slots don't pile up behind a sink that stands still.
    func compact() {
        guard dead > 64, dead > live else { return }
        slots = CircularBuffer(slots.lazy.filter(\.isLive))
        dead = 0
        places = [:]
        for (offset, slot) in slots.enumerated().dropFirst(inFlight) {
            if let key = slot.key { places[key] = left + offset }
        }
    }

    func remove(_ number: Int64, ticket: Int64, bytes: Int, settled: Int = 0) {
        if ticket > securedTicket {
            earlyRemovals.append((number, ticket, bytes, settled))
        } else {
            diskBytes -= bytes
            requests.append(.remove(first: number, last: number, bytes: bytes, settled: settled))
        }
    }

    /// What was in flight waits again, unless a newer one of its key came meanwhile.
    package func rewind() {
        let back = slots.indices.enumerated().lazy.filter { self.slots[$0.element].isLive }.prefix(inFlight)
        window.rewound(inFlight)
        inFlight = 0
        earliest = .min
        var gone = 0
        // Two of a key may have been in flight: the newest is met first and stays.
        for (offset, index) in Array(back).reversed() {
            slots[index].entry.flags.insert(.redelivered)
            guard let key = slots[index].key else { continue }
            if places[key] == nil {
                places[key] = left + offset
            } else {
                buryConflated(index, settled: 1)
                gone += 1
            }
        }
        window.took(gone)
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
            bury(index, settled: window.droppedWaiting())
            settled(0)
            compact()
            return true
        }
        return false
    }

    package func removeAll() {
        for slot in slots where slot.isLive { leave(slot) }
        slots.removeAll()
        dead = 0
        places = [:]
        left = 0
        inFlight = 0
        restoredSlots = []
        notLoaded = 0
        isLoading = false
    }
}
