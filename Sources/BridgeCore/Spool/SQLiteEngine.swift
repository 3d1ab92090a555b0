import CSQLite
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The spool in one SQLite file.
///
/// One table holds the messages of all queues: a row's number is the queue's number and the message's sequence number.
/// Used on the spool's own thread only.
package final class SQLiteEngine: SpoolEngine {
    package static let fileName = "spool.sqlite"
    /// "wsbr" in the file's header.
    static let applicationID: Int64 = 0x7773_6272
    static let schema: Int64 = 1
    /// A larger file is not read through at the start: the first message is to leave within a second. Each record
    /// has its checksum, and damage elsewhere shows when it is read.
    static let largestCheckedFile = 16 << 20
    /// A queue that gets 100,000 messages a second fills them in 89 years.
    static let sequenceBits: Int64 = 48
    private static let mostQueues = 1 << 15
    private static let pageSize = 4096

    package enum Sync: Sendable, Hashable {
        /// Each write is on the device when it returns.
        case full
        /// What a power cut takes is the last writes, never the file.
        case normal
    }

    private struct Queue {
        var key: String
        var seed: UInt
        var count: Int
        var bytes: Int
        var next: Int64
        /// The newest receipt that it ever held.
        var newest: SpoolRecord.Receipt?
    }

    private let directory: String
    private let path: String
    private let sync: Sync
    private let isInspection: Bool
    private let maxPages: Int
    private let clock: () -> ReceiptClock.Reading
    private var database: SQLiteHandle?
    private var queues: [Int: Queue] = [:]
    private var receipts = ReceiptClock(boot: 0, newest: nil)
    /// By queue: the messages up to here were there when a former run ended without saying so. They may have arrived.
    private var doubtfulThrough: [Int: Int64] = [:]
    private var record: [UInt8] = []

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

    // MARK: Opening

    package func open() throws(SpoolError) -> SpoolContents {
        var contents = SpoolContents()
        do throws(SpoolError) {
            try openFile()
        } catch .corrupt {
            contents.setAside = try setAside()
        }
        if !isInspection { try beginRun() }
        contents.queues = queues.map { number, queue in
            SpoolQueueContents(number: number, key: queue.key, count: queue.count, bytes: queue.bytes, next: queue.next)
        }.sorted { $0.number < $1.number }
        return contents
    }

    /// Notes that a run has begun, and whether the last one ended in order.
    private func beginRun() throws(SpoolError) {
        try named { (database) throws(SQLiteHandle.Failure) in
            if try database.number("SELECT value FROM state WHERE name = 'running'") == 1 {
                for (number, queue) in queues where queue.count > 0 { doubtfulThrough[number] = queue.next - 1 }
            }
            // Before the first message, whatever the level.
            try database.execute("PRAGMA synchronous = FULL")
            try database.run("INSERT OR REPLACE INTO state VALUES ('running', 1)")
            try setLevel(database)
        }
    }

    private func setLevel(_ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        try database.execute("PRAGMA synchronous = \(sync == .full ? "FULL" : "NORMAL")")
        let level = try database.number("PRAGMA synchronous")
        guard level == (sync == .full ? 2 : 1) else {
            throw SQLiteHandle.Failure(code: SQLITE_IOERR, message: "synchronous is \(level ?? -1)")
        }
    }

    private func openFile() throws(SpoolError) {
        database = nil
        queues = [:]
        // The library would make it readable for others.
        let descriptor = Self.makeFile(path)
        guard descriptor >= 0 else {
            throw .unusable(path: directory, reason: LocalFile.explanation(of: errno))
        }
        let isSmall = lseek(descriptor, 0, SEEK_END) <= Self.largestCheckedFile
        _ = fchmod(descriptor, 0o600)
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #elseif canImport(Musl)
            Musl.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
        try checkOwner()
        try named { (database) throws(SQLiteHandle.Failure) in
            // Before the first table.
            try database.execute("PRAGMA page_size = \(Self.pageSize); PRAGMA auto_vacuum = INCREMENTAL")
            guard try database.text("PRAGMA journal_mode = WAL") == "wal" else {
                throw SQLiteHandle.Failure(code: SQLITE_IOERR, message: "the file system can't hold a write-ahead log")
            }
            try setLevel(database)
            try database.execute("PRAGMA max_page_count = \(maxPages); PRAGMA journal_size_limit = 8388608")
            if isSmall, let finding = try database.text("PRAGMA quick_check(1)"), finding != "ok" {
                throw SQLiteHandle.Failure(code: SQLITE_CORRUPT, message: finding)
            }
            try makeTables(database)
            try loadQueues(database)
            try noteBoot(database)
        }
    }

    private static func makeFile(_ path: String) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        #elseif canImport(Musl)
            Musl.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        #else
            Darwin.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        #endif
    }

    /// Whether the file is ours, before anything in it is changed.
    private func checkOwner() throws(SpoolError) {
        var version: Int64 = 0
        var owner: Int64 = 0
        var tables: Int64 = 0
        try named { (database) throws(SQLiteHandle.Failure) in
            version = try database.number("PRAGMA user_version") ?? 0
            owner = try database.number("PRAGMA application_id") ?? 0
            tables = try database.number("SELECT count(*) FROM sqlite_schema") ?? 0
        }
        if owner == 0, version == 0, tables == 0 { return }
        guard owner == Self.applicationID else {
            database = nil
            throw .foreign(path: path)
        }
        guard version <= Self.schema else {
            database = nil
            throw .newer(path: path, version: Int(version))
        }
    }

    /// From version 0, an empty file, to the present one: a step a version.
    private func makeTables(_ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        let version = try database.number("PRAGMA user_version") ?? 0
        if version < 1 {
            try database.execute(
                """
                BEGIN;
                CREATE TABLE queues (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, next INTEGER NOT NULL,
                    count INTEGER NOT NULL, bytes INTEGER NOT NULL, boot INTEGER NOT NULL, since_boot INTEGER NOT NULL,
                    since_epoch INTEGER NOT NULL, checksum INTEGER NOT NULL);
                CREATE TABLE boots (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
                CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE messages (id INTEGER PRIMARY KEY, record BLOB NOT NULL);
                PRAGMA application_id = \(Self.applicationID);
                PRAGMA user_version = 1;
                COMMIT
                """
            )
        }
    }

    private func loadQueues(_ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        var doubtful: [Int] = []
        try database.rows(
            "SELECT number, key, next, count, bytes, boot, since_boot, since_epoch, checksum FROM queues"
        ) { (row) throws(SQLiteHandle.Failure) in
            let number = Int(row.integer(0))
            let key = row.text(1) ?? ""
            var queue = Queue(
                key: key,
                seed: SpoolRecord.seed(of: key),
                count: Int(row.integer(3)),
                bytes: Int(row.integer(4)),
                next: row.integer(2)
            )
            if row.integer(7) != 0 {
                queue.newest = SpoolRecord.Receipt(
                    boot: UInt32(truncatingIfNeeded: row.integer(5)),
                    sinceBoot: row.integer(6),
                    sinceEpoch: row.integer(7)
                )
            }
            if row.integer(8) != checksum(queue, number) {
                doubtful.append(number)
                queue.newest = nil
            }
            queues[number] = queue
            return true
        }
        for (number, var queue) in queues {
            guard number > 0, number < Self.mostQueues else {
                throw SQLiteHandle.Failure(code: SQLITE_CORRUPT, message: "a queue has the number \(number)")
            }
            let range = rows(of: number)
            let last = try database.number(
                "SELECT max(id) FROM messages WHERE id BETWEEN ? AND ?",
                .integer(range.lowerBound),
                .integer(range.upperBound)
            )
            if doubtful.contains(number) {
                queue.next = 1
                queue.count = 0
                queue.bytes = 0
                try database.rows(
                    "SELECT count(*), sum(length(record)) FROM messages WHERE id BETWEEN ? AND ?",
                    [.integer(range.lowerBound), .integer(range.upperBound)]
                ) { (row) throws(SQLiteHandle.Failure) in
                    queue.count = Int(row.integer(0))
                    queue.bytes = Int(row.integer(1))
                    return false
                }
            }
            if let last { queue.next = max(queue.next, last - range.lowerBound + 1) }
            queue.next = max(1, queue.next)
            queues[number] = queue
        }
        receipts.newest = queues.values.compactMap(\.newest).max { $0.sinceEpoch < $1.sinceEpoch }
    }

    private func noteBoot(_ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        let id = Self.bootID
        try database.run("INSERT OR IGNORE INTO boots (id) VALUES (?)", .text(id))
        receipts.boot = UInt32(
            truncatingIfNeeded: try database.number("SELECT number FROM boots WHERE id = ?", .text(id)) ?? 0
        )
    }

    private static var bootID: String {
        guard case .success(let file) = LocalFile.read("/proc/sys/kernel/random/boot_id", limit: 64) else {
            return "unknown"
        }
        return String(decoding: file.bytes, as: UTF8.self).filter { $0.isHexDigit || $0 == "-" }
    }

    private func rows(of queue: Int) -> ClosedRange<Int64> {
        let start = Int64(queue) << Self.sequenceBits
        return start...(start | (1 << Self.sequenceBits - 1))
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

    package func setAside() throws(SpoolError) -> String {
        database = nil
        doubtfulThrough = [:]
        let former = queues
        let name = path + ".corrupt-" + Timestamp.now().description.replacing(":", with: "-")
        guard rename(path, name) == 0 else {
            throw .unusable(path: directory, reason: LocalFile.explanation(of: errno))
        }
        // Without them the file that is set aside has lost its last writes.
        for suffix in ["-wal", "-shm"] { _ = rename(path + suffix, name + suffix) }
        try openFile()
        // The queues keep their numbers.
        for (number, var queue) in former {
            queue.count = 0
            queue.bytes = 0
            try named { (database) throws(SQLiteHandle.Failure) in try store(queue, number, in: database) }
            queues[number] = queue
        }
        return name
    }

    package func close() {
        if !isInspection { try? database?.run("INSERT OR REPLACE INTO state VALUES ('running', 0)") }
        database = nil
    }

    // MARK: Writing

    package func write(_ appends: [SpoolAppend], removing deletes: [SpoolDelete]) throws(SpoolError) {
        let before = queues
        let now = clock()
        do throws(SpoolError) {
            if database == nil { try openFile() }
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
            if case .failed = error { database = nil }
            throw error
        }
        if !deletes.isEmpty { giveBackSpace() }
    }

    private func remove(_ delete: SpoolDelete, _ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        let start = Int64(delete.queue) << Self.sequenceBits
        try database.run(
            "DELETE FROM messages WHERE id BETWEEN ? AND ?",
            .integer(start + delete.first),
            .integer(start + delete.last)
        )
        queues[delete.queue]?.count -= database.changes
        queues[delete.queue]?.bytes -= delete.bytes
        if queues[delete.queue]?.count == 0 { queues[delete.queue]?.bytes = 0 }
    }

    private func add(
        _ append: SpoolAppend,
        _ now: ReceiptClock.Reading,
        _ database: SQLiteHandle
    ) throws(SQLiteHandle.Failure) {
        guard var queue = queues[append.queue] else { return }
        let start = Int64(append.queue) << Self.sequenceBits
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

    private func store(_ queue: Queue, _ number: Int, in database: SQLiteHandle) throws(SQLiteHandle.Failure) {
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

    private func checksum(_ queue: Queue, _ number: Int) -> Int64 {
        let text = "\(number) \(queue.key) \(queue.next) \(queue.count) \(queue.bytes) \(queue.newest?.sinceEpoch ?? 0)"
        return Int64(SpoolRecord.seed(of: text))
    }

    /// The file shrinks again once it is empty: a page a removal would wear the device.
    private func giveBackSpace() {
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
        if database == nil { try openFile() }
        let now = clock()
        let seed = queues[request.queue]?.seed ?? 0
        let start = Int64(request.queue) << Self.sequenceBits
        var page = SpoolPage(queue: request.queue, batch: .empty, last: request.after)
        let doubtful = doubtfulThrough[request.queue] ?? 0
        var oldest: Int64?
        try named { (database) throws(SQLiteHandle.Failure) in
            try database.rows(
                "SELECT id, record FROM messages WHERE id > ? AND id <= ? ORDER BY id",
                [.integer(start + request.after), .integer(rows(of: request.queue).upperBound)]
            ) { (row) throws(SQLiteHandle.Failure) in
                guard page.batch.count + page.damaged.count < request.messages,
                    page.batch.bytes.readableBytes < request.bytes
                else {
                    page.isEnd = false
                    return false
                }
                let id = row.integer(0)
                let blob = row.blob(1)
                page.last = id - start
                guard let record = SpoolRecord.decode(blob, row: id, seed: seed) else {
                    page.damaged.append(page.last)
                    return true
                }
                let age = receipts.age(of: record.receipt, at: now)
                if oldest == nil { oldest = age }
                page.append(record, from: blob, number: page.last, delay: (oldest ?? age) - age)
                if page.last <= doubtful {
                    page.batch.entries[page.batch.entries.endIndex - 1].flags.insert(.redelivered)
                }
                return true
            }
        }
        page.batch.priorAge = oldest ?? 0
        return page
    }

    private func opened() throws(SQLiteHandle.Failure) -> SQLiteHandle {
        if let database { return database }
        let database = try SQLiteHandle(path: path)
        // Nobody else may open it, and no shared memory is needed.
        try database.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA mmap_size = 0; PRAGMA cache_size = -2048")
        try database.execute("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
        self.database = database
        return database
    }

    /// Runs `body` on the open file, its failures in our words.
    private func named(_ body: (SQLiteHandle) throws(SQLiteHandle.Failure) -> Void) throws(SpoolError) {
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
        let topicOffset = batch.bytes.writerIndex
        batch.bytes.writeBytes(blob[record.topic])
        let payloadOffset = batch.bytes.writerIndex
        batch.bytes.writeBytes(blob[record.payload])
        var entry = MessageBatch.Entry(
            payloadOffset: payloadOffset,
            payloadLength: record.payload.count,
            topicOffset: topicOffset,
            topicLength: record.topic.count,
            kind: record.kind
        )
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
