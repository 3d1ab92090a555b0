package import NIOCore

/// A queue in memory and on disk: first what is in memory, behind it what is only on disk, behind that what is being
/// written.
///
/// Every message has a sequence number by its place, written or not. While anything is only on disk, whatever comes
/// goes behind it. Used on the gateway's event loop only.
package final class SpooledStore: SpoolingStore {
    package enum Level: Sendable, Hashable {
        /// On disk only what memory doesn't hold.
        case spill
        /// Everything on disk, and in memory what comes next.
        case always
    }

    /// How much is read back at a time.
    static let pageMessages = 1024
    static let pageBytes = 256 << 10

    /// Messages in memory with consecutive numbers.
    struct Run {
        var first: Int64
        var count: Int
        /// The write that took them; 0 = a former run's, `nil` = memory alone holds them.
        var ticket: Int64?
        var last: Int64 { first + Int64(count) - 1 }
    }

    /// A write on its way.
    struct Write {
        var ticket: Int64
        var last: Int64
        var count: Int
        var bytes: Int
        /// Whether memory holds its messages as well.
        var isInHead: Bool
    }

    struct Tally {
        var count = 0
        var bytes = 0
    }

    let level: Level
    private let maxBytes: Int
    private let maxDisk: Int
    var window: RepeatWindow
    /// What the sink is offered.
    var head = MemoryStore()
    /// The numbers of the messages in `head`.
    var runs = CircularBuffer<Run>()
    /// The next message's number.
    var next: Int64
    /// Everything up to here has left, or is in `head`.
    var loaded: Int64
    /// What lies behind `head`.
    var unloaded: Tally
    var writes = CircularBuffer<Write>()
    /// All writes on their way, and those whose messages are in no other memory.
    var writing = Tally()
    var writingOnly = Tally()
    /// What the file holds, or will.
    var disk: Tally
    var committedThrough: Int64
    /// The read on its way: up to where, and how many it should bring.
    var reading: (through: Int64, count: Int)?
    /// A read failed: the next one waits until the disk is tried again.
    var readsAreHeld = false
    var requests: [SpoolRequest] = []
    /// Who is to hear that its message waits, of those that came last and that only the disk has.
    var untold: [ResponseAddress] = []
    /// Removals of what is still being written.
    var earlyRemovals: [(first: Int64, last: Int64, ticket: Int64, bytes: Int, settled: Int)] = []

    internal(set) package var restored: Int
    internal(set) package var lastTicket: Int64 = 0
    internal(set) package var securedTicket: Int64 = 0
    internal(set) package var isFailing = false

    /// `window`: how many messages a kill may repeat.
    package init(level: Level, maxBytes: Int, maxDisk: Int, window: Int, contents: SpoolQueueContents) {
        self.level = level
        self.maxBytes = maxBytes
        self.maxDisk = maxDisk
        self.window = RepeatWindow(limit: window)
        next = contents.next
        loaded = 0
        committedThrough = contents.next - 1
        restored = contents.count
        unloaded = Tally(count: contents.count, bytes: contents.bytes)
        disk = unloaded
        readAhead()
    }

    // MARK: What it holds

    package var count: Int { head.count + unloaded.count }
    package var bytes: Int { head.bytes + writingOnly.bytes }
    package var diskBytes: Int { disk.bytes }
    package var inFlight: Int { head.inFlight }
    package var isAlways: Bool { level == .always }
    package var writingCount: Int { writing.count }
    package var isClogged: Bool { writing.bytes >= max(1, writingLimit) }
    package var isCaughtUp: Bool { writing.bytes <= writingLimit / 2 }
    package var isHeldUp: Bool { window.isPressing && head.waitingCount > 0 }
    var headLimit: Int { maxBytes / 4 * 3 }
    var writingLimit: Int { maxBytes / 4 }
    /// What lies on disk behind `head` and is written already.
    var readable: Int { unloaded.count - writingOnly.count }

    package func isHigh(_ policy: QueuePolicy) -> Bool {
        isClogged || disk.bytes >= maxDisk
    }

    package func isLow(_ policy: QueuePolicy) -> Bool {
        isCaughtUp && disk.bytes <= maxDisk / 4 * 3
    }

    package func isOver(_ policy: QueuePolicy) -> Bool { disk.bytes > maxDisk && count > 1 }

    package func room(_ policy: QueuePolicy) -> Int {
        // A disk that is only slow pauses the source.
        let onDisk = min(isFailing ? writingLimit - writing.bytes : .max, maxDisk - disk.bytes)
        guard unloaded.count == 0, head.bytes < headLimit else { return onDisk }
        return level == .always ? onDisk : maxBytes - bytes
    }

    // MARK: In

    package func append(_ batch: MessageBatch, in range: Range<Int>) {
        guard !range.isEmpty else { return }
        let first = next
        next += Int64(range.count)
        let goesToHead = unloaded.count == 0 && (head.isEmpty || head.bytes < headLimit)
        if goesToHead {
            head.append(batch, in: range)
            loaded = next - 1
            join(Run(first: first, count: range.count, ticket: level == .always ? lastTicket + 1 : nil))
            if level == .spill { return }
        }
        var cost = 0
        for index in range { cost += batch.entries[index].queueCost }
        write(batch, range, first: first, bytes: cost, isInHead: goesToHead)
        if !goesToHead {
            unloaded.count += range.count
            unloaded.bytes += cost
            untold = range.lazy.filter { batch.entries[$0].tellsItsSender }.compactMap(batch.response)
        }
    }

    func write(_ batch: MessageBatch, _ range: Range<Int>, first: Int64, bytes: Int, isInHead: Bool) {
        lastTicket += 1
        let last = first + Int64(range.count) - 1
        writes.append(Write(ticket: lastTicket, last: last, count: range.count, bytes: bytes, isInHead: isInHead))
        add(range.count, bytes, to: &writing)
        add(range.count, bytes, to: &disk)
        if !isInHead { add(range.count, bytes, to: &writingOnly) }
        requests.append(.append(ticket: lastTicket, first: first, batch, range, bytes: bytes, replaced: 0))
    }

    func add(_ count: Int, _ bytes: Int, to tally: inout Tally) {
        tally.count += count
        tally.bytes += bytes
    }

    func join(_ run: Run) {
        if let last = runs.last, last.last + 1 == run.first, last.ticket == run.ticket {
            runs[runs.index(before: runs.endIndex)].count += run.count
        } else {
            runs.append(run)
        }
    }

    // MARK: Out

    package func waiting(limit: Int) -> MessageBatch? {
        readAhead()
        let allowed = allowance(limit)
        return allowed > 0 ? head.waiting(limit: allowed) : nil
    }

    /// How many of the next may go out; where the disk refuses, delivering goes before the bound on what comes twice.
    private func allowance(_ limit: Int) -> Int {
        let room = window.room(inFlight: head.inFlight)
        guard room < limit, !isFailing else { return limit }
        var skip = head.inFlight
        for run in runs {
            guard skip < run.count else {
                skip -= run.count
                continue
            }
            return run.ticket == nil ? min(limit, run.count - skip) : room
        }
        return limit
    }

    package func ageOfOldestWaiting(now: NIODeadline) -> Int64? { head.ageOfOldestWaiting(now: now) }

    package func took(_ count: Int) {
        head.took(count)
        window.took(count)
    }

    package func settled(_ count: Int) {
        var left = count
        while left > 0, let run = runs.first {
            let leaving = min(left, run.count)
            let before = head.bytes
            head.settled(leaving)
            left -= leaving
            if let ticket = run.ticket {
                let last = run.first + Int64(leaving) - 1
                window.settled(leaving)
                remove(run.first, last, ticket: ticket, bytes: before - head.bytes, settled: leaving)
            }
            if leaving == run.count {
                runs.removeFirst()
            } else {
                runs[runs.startIndex].first += Int64(leaving)
                runs[runs.startIndex].count -= leaving
            }
        }
        // Damage may have taken what was counted here.
        if count == 0, writing.count == 0, earlyRemovals.isEmpty { disk = Tally() }
        readAhead()
    }

    package func rewind() {
        window.rewound(head.inFlight)
        head.rewind()
    }

    package func dropOldestWaiting() -> Bool {
        guard head.waitingCount > 0 else {
            readAhead()
            return false
        }
        var skip = head.inFlight
        for index in runs.indices {
            let run = runs[index]
            guard skip < run.count else {
                skip -= run.count
                continue
            }
            let before = head.bytes
            guard head.dropOldestWaiting() else { return false }
            let number = run.first + Int64(skip)
            let settled = window.droppedWaiting()
            if let ticket = run.ticket {
                window.settled(settled)
                remove(number, number, ticket: ticket, bytes: before - head.bytes, settled: settled)
            }
            takeOut(skip, of: index)
            readAhead()
            return true
        }
        return false
    }

    private func takeOut(_ offset: Int, of index: CircularBuffer<Run>.Index) {
        let run = runs[index]
        var parts: [Run] = []
        if offset > 0 { parts.append(Run(first: run.first, count: offset, ticket: run.ticket)) }
        let behind = run.count - offset - 1
        if behind > 0 {
            parts.append(Run(first: run.first + Int64(offset) + 1, count: behind, ticket: run.ticket))
        }
        runs.replaceSubrange(index..<runs.index(after: index), with: parts)
    }

    package func removeAll() {
        if let first = runs.first(where: { $0.ticket != nil })?.first ?? (unloaded.count > 0 ? loaded + 1 : nil) {
            remove(first, next - 1, ticket: lastTicket, bytes: disk.bytes)
        }
        head.removeAll()
        runs.removeAll()
        unloaded = Tally()
        reading?.count = 0
        for index in writes.indices { writes[index].isInHead = true }
        writingOnly = Tally()
        loaded = next - 1
    }

    /// Not before it is written: a removal must find what it removes.
    func remove(_ first: Int64, _ last: Int64, ticket: Int64, bytes: Int, settled: Int = 0) {
        disk.bytes -= bytes
        guard ticket <= securedTicket else {
            if let previous = earlyRemovals.last, previous.last + 1 == first, previous.ticket == ticket {
                earlyRemovals[earlyRemovals.count - 1].last = last
                earlyRemovals[earlyRemovals.count - 1].bytes += bytes
                earlyRemovals[earlyRemovals.count - 1].settled += settled
            } else {
                earlyRemovals.append((first, last, ticket, bytes, settled))
            }
            return
        }
        if case .remove(let start, let end, let sum, let earlier)? = requests.last, end + 1 == first {
            requests[requests.count - 1] = .remove(
                first: start,
                last: last,
                bytes: sum + bytes,
                settled: earlier + settled
            )
        } else {
            requests.append(.remove(first: first, last: last, bytes: bytes, settled: settled))
        }
    }

    /// Asks for the next page while little waits in memory.
    func readAhead() {
        guard reading == nil, !readsAreHeld, readable > 0, head.waitingCount < Self.pageMessages / 2,
            head.isEmpty || head.bytes < headLimit
        else { return }
        reading = (committedThrough, readable)
        requests.append(
            .read(
                after: loaded,
                through: committedThrough,
                messages: Self.pageMessages,
                bytes: min(Self.pageBytes, max(1, headLimit))
            )
        )
    }
}
