import BridgeTestSupport
import NIOCore

@testable import BridgeCore

/// A disk in memory that fails when it is told to, and at a crash forgets what was not synced.
final class FakeDisk {
    struct Row: Equatable {
        var text: String
        var properties: [UInt8] = []
        var flags: MessageBatch.Flags = []
        var receipt: Int64
        var isDamaged = false
    }

    struct Queue: Equatable {
        var key: String
        var next: Int64 = 1
        var rows: [Int64: Row] = [:]
    }

    /// What a power cut leaves.
    private(set) var durable: [Int: Queue] = [:]
    fileprivate var present: [Int: Queue] = [:]
    /// Whether a transaction is durable when it returns.
    var syncs = true
    var fails: SpoolError?
    /// A transaction whose sync failed may be there all the same.
    var failsAfterWriting = false
    var failsReading = false
    /// What it holds can't be understood any more, until it is put aside.
    var isCorrupt = false
    /// It can't be put aside either.
    var keepsItsPlace = false
    var now: () -> NIODeadline = { .uptimeNanoseconds(0) }
    private(set) var transactions = 0
    /// How many removals were asked for in those.
    fileprivate(set) var removals = 0

    /// What a killed process leaves: all that was written, synced or not.
    var left: [String] { present.values.flatMap { $0.rows.values.map(\.text) } }

    /// Everything that was written is durable now.
    func sync() { durable = present }

    /// Power off, power on; the last transaction may have been torn in the middle of a record.
    func crash(tearing: Bool) {
        if tearing, present != durable, let number = present.keys.min(),
            let torn = present[number]?.rows.keys.max(), durable[number]?.rows[torn] == nil
        {
            var queue = durable[number] ?? Queue(key: present[number]?.key ?? "")
            queue.rows[torn] = Row(text: "torn", receipt: 0, isDamaged: true)
            queue.next = max(queue.next, torn + 1)
            durable[number] = queue
        }
        present = durable
    }

    fileprivate func commit(_ body: () -> Void) throws(SpoolError) {
        if let fails {
            if case .failed = fails, failsAfterWriting { body() }
            throw fails
        }
        body()
        transactions += 1
        if syncs { durable = present }
    }
}

/// The engine over such a disk, until the next crash.
final class FakeEngine: SpoolEngine {
    let disk: FakeDisk

    init(_ disk: FakeDisk) { self.disk = disk }

    func open() throws(SpoolError) -> SpoolContents {
        SpoolContents(queues: disk.present.keys.sorted().map(contents))
    }

    func queue(_ key: String) throws(SpoolError) -> SpoolQueueContents {
        if let number = disk.present.first(where: { $0.value.key == key })?.key { return contents(number) }
        let number = disk.present.count + 1
        disk.present[number] = FakeDisk.Queue(key: key)
        disk.sync()
        return contents(number)
    }

    private func contents(_ number: Int) -> SpoolQueueContents {
        let queue = disk.present[number] ?? FakeDisk.Queue(key: "")
        return SpoolQueueContents(
            number: number,
            key: queue.key,
            count: queue.rows.count,
            bytes: queue.rows.values.reduce(0) { $0 + $1.text.utf8.count + $1.properties.count + 64 },
            next: queue.next
        )
    }

    func write(_ appends: [SpoolAppend], removing deletes: [SpoolDelete]) throws(SpoolError) {
        if disk.isCorrupt { throw .corrupt("no page") }
        if case .full? = disk.fails, appends.isEmpty {
            let fails = disk.fails
            disk.fails = nil
            defer { disk.fails = fails }
            return try write([], removing: deletes)
        }
        try disk.commit {
            disk.removals += deletes.count
            for delete in deletes {
                for number in delete.first...delete.last { disk.present[delete.queue]?.rows[number] = nil }
            }
            for append in appends {
                let texts = append.batch.texts
                let properties = append.batch.properties
                for (offset, index) in append.range.enumerated() {
                    let receipt = Int64(disk.now().uptimeNanoseconds / 1_000_000)
                    disk.present[append.queue]?.rows[append.first + Int64(offset)] = FakeDisk.Row(
                        text: texts[index],
                        properties: properties[index],
                        flags: append.batch.entries[index].flags,
                        receipt: receipt - append.batch.age(at: index, now: disk.now())
                    )
                }
                let next = append.first + Int64(append.range.count)
                if var queue = disk.present[append.queue] {
                    queue.next = max(queue.next, next)
                    disk.present[append.queue] = queue
                }
            }
        }
    }

    func read(_ request: SpoolRead) throws(SpoolError) -> SpoolPage {
        if disk.isCorrupt { throw .corrupt("no page") }
        if disk.failsReading { throw .failed("EIO") }
        let rows = disk.present[request.queue]?.rows ?? [:]
        let numbers = rows.keys.filter { $0 > request.after && $0 <= request.through }.sorted()
        let taken = numbers.prefix(min(request.messages, 7))
        var page = SpoolPage(queue: request.queue, batch: .empty, last: taken.last ?? request.after)
        page.isEnd = taken.count == numbers.count
        let good = taken.compactMap { number in rows[number].flatMap { $0.isDamaged ? nil : (number, $0) } }
        page.damaged = taken.filter { rows[$0]?.isDamaged == true }
        page.batch = .of(good.map(\.1.text), properties: good.map(\.1.properties))
        page.batch.receivedAt = disk.now()
        let now = Int64(disk.now().uptimeNanoseconds / 1_000_000)
        page.batch.priorAge = good.first.map { now - $0.1.receipt } ?? 0
        for (index, (number, row)) in good.enumerated() {
            page.batch.entries[index].flags = row.flags
            page.batch.entries[index].delay = UInt32(clamping: row.receipt - (good.first?.1.receipt ?? 0))
            page.runs.append(SpoolPage.Run(first: number, count: 1))
        }
        return page
    }

    func beginEmpty(after deletes: [SpoolDelete]) throws(SpoolError) -> Bool { false }

    func setAside() throws(SpoolError) -> String {
        guard !disk.keepsItsPlace else { throw .unusable(path: "/spool", reason: "EROFS") }
        disk.isCorrupt = false
        for number in disk.present.keys { disk.present[number]?.rows = [:] }
        disk.sync()
        return "aside"
    }

    func close() {}
}
