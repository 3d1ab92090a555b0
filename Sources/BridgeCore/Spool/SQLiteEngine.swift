import CSQLite
import NIOCore

/// The spool in one SQLite file.
///
/// One table holds the messages of all queues: a row's number is the queue's number and the message's sequence number.
/// Used on the spool's own thread only.
package final class SQLiteEngine: SpoolEngine {
    package static let fileName = "spool.sqlite"
    /// "wsbr" in the file's header.
    static let applicationID: Int64 = 0x7773_6272
    static let schema: Int64 = 1
    /// A larger file is not read through at the start: the first message is to leave within a second.
    ///
    /// Each record has its checksum, and damage elsewhere shows when it is read.
    static let largestCheckedFile = 16 << 20
    /// A queue that gets 100,000 messages a second fills them in 89 years.
    static let sequenceBits: Int64 = 48
    static let lastSequence: Int64 = 1 << sequenceBits - 1
    static let mostQueues = 1 << 15
    static let pageSize = 4096

    package enum Sync: Sendable, Hashable {
        /// Each write is on the device when it returns.
        case full
        /// What a power cut takes is the last writes, never the file.
        case normal
    }

    struct Queue {
        var key: String
        var seed: UInt
        var count: Int
        var bytes: Int
        var next: Int64
        /// The newest receipt that it ever held.
        var newest: SpoolRecord.Receipt?
    }

    let directory: String
    let path: String
    let sync: Sync
    let isInspection: Bool
    let maxPages: Int
    let clock: () -> ReceiptClock.Reading
    var database: SQLiteHandle?
    var queues: [Int: Queue] = [:]
    var receipts = ReceiptClock(boot: 0, newest: nil)
    /// By queue: the messages up to here were there when a former run ended without saying so.
    ///
    /// They may have arrived.
    var doubtfulThrough: [Int: Int64] = [:]
    var record: [UInt8] = []
    /// A commit failed: the file may hold it all the same.
    var isDoubtful = false

    /// `maxBytes` is the hard bound of the file's size; an inspection leaves no trace of itself.
    package init(
        directory: String,
        sync: Sync,
        maxBytes: Int,
        isInspection: Bool = false,
        clock: @escaping () -> ReceiptClock.Reading = ReceiptClock.Reading.now
    ) {
        self.directory = directory
        path = directory + "/" + Self.fileName
        self.sync = sync
        self.isInspection = isInspection
        maxPages = max(64, maxBytes / Self.pageSize)
        self.clock = clock
    }

    func rows(of queue: Int) -> ClosedRange<Int64> {
        let start = Int64(queue) << Self.sequenceBits
        return start...start + Self.lastSequence
    }

    package func queue(_ key: String) throws(SpoolError) -> SpoolQueueContents {
        if let (number, queue) = queues.first(where: { $0.value.key == key }) {
            return SpoolQueueContents(
                number: number,
                key: key,
                count: queue.count,
                bytes: queue.bytes,
                next: queue.next
            )
        }
        let number = (queues.keys.max() ?? 0) + 1
        guard number < Self.mostQueues else { throw .full("the spool knows \(number) queues") }
        let queue = Queue(key: key, seed: SpoolRecord.seed(of: key), count: 0, bytes: 0, next: 1)
        try named { (database) throws(SQLiteHandle.Failure) in try store(queue, number, in: database) }
        queues[number] = queue
        return SpoolQueueContents(number: number, key: key, count: 0, bytes: 0, next: 1)
    }

    package func close() {
        if !isInspection { try? database?.run("INSERT OR REPLACE INTO state VALUES ('running', 0)") }
        database = nil
    }

    // MARK: Writing

    package func write(_ appends: [SpoolAppend], removing deletes: [SpoolDelete]) throws(SpoolError) {
        var before = queues
        let now = clock()
        do throws(SpoolError) {
            if database == nil {
                try reopen()
                before = queues
            }
            try named { (database) throws(SQLiteHandle.Failure) in
                try database.execute("BEGIN IMMEDIATE")
                do throws(SQLiteHandle.Failure) {
                    var touched: Set<Int> = []
                    for delete in deletes {
                        touched.insert(delete.queue)
                        try remove(delete, database)
                    }
                    for append in appends {
                        touched.insert(append.queue)
                        try add(append, now, database)
                    }
                    for number in touched { if let queue = queues[number] { try store(queue, number, in: database) } }
                    try database.execute("COMMIT")
                } catch {
                    try? database.execute("ROLLBACK")
                    throw error
                }
            }
        } catch {
            queues = before
            // After a failed sync nothing is known of what the file holds: it is opened anew.
            if case .failed = error {
                database = nil
                isDoubtful = true
            }
            throw error
        }
        isDoubtful = false
        if !deletes.isEmpty { giveBackSpace() }
    }

    func remove(_ delete: SpoolDelete, _ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        let start = Int64(delete.queue) << Self.sequenceBits
        try database.run(
            "DELETE FROM messages WHERE id BETWEEN ? AND ?",
            .integer(start + delete.first),
            .integer(start + delete.last)
        )
        // Nothing is there where a failed commit was one after all.
        guard database.changes > 0 else { return }
        queues[delete.queue]?.count -= database.changes
        queues[delete.queue]?.bytes -= delete.bytes
        if queues[delete.queue]?.count == 0 { queues[delete.queue]?.bytes = 0 }
    }

    func add(
        _ append: SpoolAppend,
        _ now: ReceiptClock.Reading,
        _ database: SQLiteHandle
    ) throws(SQLiteHandle.Failure) {
        guard var queue = queues[append.queue] else {
            throw SQLiteHandle.Failure(code: SQLITE_CORRUPT, message: "the queue \(append.queue) is unknown")
        }
        let start = Int64(append.queue) << Self.sequenceBits
        if isDoubtful, append.replaced == 0 {
            try database.run(
                "DELETE FROM messages WHERE id BETWEEN ? AND ?",
                .integer(start + append.first),
                .integer(start + append.first + Int64(append.range.count) - 1)
            )
            queue.count -= database.changes
            queue.bytes -= append.bytes * database.changes / max(1, append.range.count)
        }
        let moment = NIODeadline.now()
        var failure: SQLiteHandle.Failure?
        append.batch.withUnsafeBytes { bytes in
            var number = start + append.first
            for index in append.range {
                let receipt = receipts.receipt(age: max(0, append.batch.age(at: index, now: moment)), at: now)
                record.removeAll(keepingCapacity: true)
                SpoolRecord.encode(
                    append.batch.entries[index],
                    of: bytes,
                    receipt: receipt,
                    row: number,
                    seed: queue.seed,
                    into: &record
                )
                failure = record.withUnsafeBytes { record in
                    do throws(SQLiteHandle.Failure) {
                        try database.run("INSERT OR REPLACE INTO messages VALUES (?, ?)", number, record)
                        return nil
                    } catch {
                        return error
                    }
                }
                if failure != nil { return }
                if receipt.sinceEpoch > (queue.newest?.sinceEpoch ?? 0) { queue.newest = receipt }
                number += 1
            }
        }
        if let failure { throw failure }
        queue.next = max(queue.next, append.first + Int64(append.range.count))
        queue.count += append.range.count - append.replaced
        queue.bytes += append.bytes
        queues[append.queue] = queue
    }

    func store(_ queue: Queue, _ number: Int, in database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        try database.run(
            "INSERT OR REPLACE INTO queues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .integer(Int64(number)),
            .text(queue.key),
            .integer(queue.next),
            .integer(Int64(queue.count)),
            .integer(Int64(queue.bytes)),
            .integer(Int64(queue.newest?.boot ?? 0)),
            .integer(queue.newest?.sinceBoot ?? 0),
            .integer(queue.newest?.sinceEpoch ?? 0),
            .integer(checksum(queue, number))
        )
    }

    func checksum(_ queue: Queue, _ number: Int) -> Int64 {
        let text = "\(number) \(queue.key) \(queue.next) \(queue.count) \(queue.bytes) \(queue.newest?.sinceEpoch ?? 0)"
        return Int64(SpoolRecord.seed(of: text))
    }

    /// The file shrinks again once it is empty: a page a removal would wear the device.
    func giveBackSpace() {
        guard queues.values.allSatisfy({ $0.count == 0 }) else { return }
        do throws(SQLiteHandle.Failure) {
            guard let database, try database.number("PRAGMA freelist_count") ?? 0 > 256 else { return }
            try database.execute("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
        } catch {
            // The space is used again anyhow.
        }
    }

    // MARK: Reading

    package func read(_ request: SpoolRead) throws(SpoolError) -> SpoolPage {
        if database == nil { try reopen() }
        let now = clock()
        let seed = queues[request.queue]?.seed ?? 0
        let start = Int64(request.queue) << Self.sequenceBits
        var page = SpoolPage(queue: request.queue, batch: .empty, last: request.after)
        let doubtful = doubtfulThrough[request.queue] ?? 0
        var oldest: Int64?
        try named { (database) throws(SQLiteHandle.Failure) in
            try database.rows(
                "SELECT id, record FROM messages WHERE id > ? AND id <= ? ORDER BY id",
                [.integer(start + request.after), .integer(start + min(request.through, Self.lastSequence))]
            ) { (row) throws(SQLiteHandle.Failure) in
                guard page.batch.count + page.damaged.count < request.messages,
                    page.batch.bytes.readableBytes < request.bytes
                else {
                    page.isEnd = false
                    return false
                }
                let id = row.integer(0)
                let blob = row.blob(1)
                let number = id - start
                guard let record = SpoolRecord.decode(blob, row: id, seed: seed) else {
                    page.last = number
                    page.damaged.append(number)
                    return true
                }
                let age = receipts.age(of: record.receipt, at: now)
                let delay = (oldest ?? age) - age
                // A batch can't tell the age of what was received weeks apart.
                guard delay <= Int64(Int32.max) else {
                    page.isEnd = false
                    return false
                }
                if oldest == nil { oldest = age }
                page.last = number
                page.append(record, from: blob, number: number, delay: delay)
                if number <= doubtful {
                    page.batch.entries[page.batch.entries.endIndex - 1].flags.insert(.redelivered)
                }
                return true
            }
        }
        page.batch.priorAge = oldest ?? 0
        return page
    }

    func opened() throws(SQLiteHandle.Failure) -> SQLiteHandle {
        if let database { return database }
        let database = try SQLiteHandle(path: path)
        // Nobody else may open it, and no shared memory is needed.
        try database.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA mmap_size = 0; PRAGMA cache_size = -2048")
        try database.execute("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
        self.database = database
        return database
    }

    /// Runs `body` on the open file, its failures in our words.
    func named(_ body: (SQLiteHandle) throws(SQLiteHandle.Failure) -> Void) throws(SpoolError) {
        do throws(SQLiteHandle.Failure) {
            try body(opened())
        } catch {
            switch error.primary {
            case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_MISMATCH:
                throw .corrupt(error.message)
            case SQLITE_FULL: throw .full(error.message)
            case SQLITE_BUSY, SQLITE_LOCKED: throw .locked(path: directory)
            case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
                throw .unusable(path: directory, reason: error.message)
            default: throw .failed(error.message)
            }
        }
    }
}

extension SpoolPage {
    fileprivate mutating func append(
        _ record: SpoolRecord.Decoded,
        from blob: UnsafeRawBufferPointer,
        number: Int64,
        delay: Int64
    ) {
        // As they lie in the record, one behind the other.
        let topicOffset = batch.bytes.writerIndex
        batch.bytes.writeBytes(blob[record.topic.lowerBound..<record.payload.upperBound])
        var entry = MessageBatch.Entry(
            payloadOffset: topicOffset + record.payload.lowerBound - record.topic.lowerBound,
            payloadLength: record.payload.count,
            topicOffset: topicOffset,
            topicLength: record.topic.count,
            kind: record.kind
        )
        entry.propertiesLength = UInt16(record.properties.count)
        entry.flags = record.flags
        entry.delay = UInt32(clamping: delay)
        batch.entries.append(entry)
        if let last = runs.last, last.first + Int64(last.count) == number {
            runs[runs.count - 1].count += 1
        } else {
            runs.append(Run(first: number, count: 1))
        }
    }
}
