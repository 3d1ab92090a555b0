import CSQLite
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How the file is opened, judged, made, and put aside.
extension SQLiteEngine {
    package func open() throws(SpoolError) -> SpoolContents {
        var contents = SpoolContents()
        do throws(SpoolError) {
            try openFile()
        } catch .corrupt {
            // Nothing that it says of its queues is believed.
            queues = [:]
            contents.setAside = try setAside()
            if database == nil { try openFile() }
        }
        if !isInspection { try beginRun() }
        contents.queues = queues.map { number, queue in
            SpoolQueueContents(number: number, key: queue.key, count: queue.count, bytes: queue.bytes, next: queue.next)
        }.sorted { $0.number < $1.number }
        return contents
    }

    /// Notes that a run has begun, and whether the last one ended in order.
    func beginRun() throws(SpoolError) {
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

    func setLevel(_ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        try database.execute("PRAGMA synchronous = \(sync == .full ? "FULL" : "NORMAL")")
        let level = try database.number("PRAGMA synchronous")
        guard level == (sync == .full ? 2 : 1) else {
            throw SQLiteHandle.Failure(code: SQLITE_IOERR, message: "synchronous is \(level ?? -1)")
        }
    }

    func openFile() throws(SpoolError) {
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
            // What a failed sync left behind may lie in the kernel's memory only: it is written once more.
            if isDoubtful, try database.number("PRAGMA wal_checkpoint(TRUNCATE)") != 0 {
                throw SQLiteHandle.Failure(code: SQLITE_IOERR, message: "the write-ahead log can't be written")
            }
            try database.execute("PRAGMA max_page_count = \(maxPages)")
            try database.execute("PRAGMA journal_size_limit = 8388608; PRAGMA wal_autocheckpoint = 2000")
            if isSmall, let finding = try database.text("PRAGMA quick_check(1)"), finding != "ok" {
                throw SQLiteHandle.Failure(code: SQLITE_CORRUPT, message: finding)
            }
            try makeTables(database)
            try loadQueues(database)
            try noteBoot(database)
        }
    }

    static func makeFile(_ path: String) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        #elseif canImport(Musl)
            Musl.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        #else
            Darwin.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        #endif
    }

    /// Whether the file is ours, before anything in it is changed.
    func checkOwner() throws(SpoolError) {
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
    func makeTables(_ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
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

    func loadQueues(_ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
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

    func noteBoot(_ database: SQLiteHandle) throws(SQLiteHandle.Failure) {
        let id = Self.bootID
        try database.run("INSERT OR IGNORE INTO boots (id) VALUES (?)", .text(id))
        receipts.boot = UInt32(
            truncatingIfNeeded: try database.number("SELECT number FROM boots WHERE id = ?", .text(id)) ?? 0
        )
    }

    static var bootID: String {
        guard case .success(let file) = LocalFile.read("/proc/sys/kernel/random/boot_id", limit: 64) else {
            return "unknown"
        }
        return String(decoding: file.bytes, as: UTF8.self).filter { $0.isHexDigit || $0 == "-" }
    }

    package func setAside() throws(SpoolError) -> String {
        database = nil
        let name = path + ".corrupt-" + Timestamp.now().description.replacing(":", with: "-")
        guard rename(path, name) == 0 else {
            throw .unusable(path: directory, reason: LocalFile.explanation(of: errno))
        }
        // Without them the file that is set aside has lost its last writes.
        for suffix in ["-wal", "-shm"] { _ = rename(path + suffix, name + suffix) }
        // Where that fails the next write or read does it, and says why.
        try? reopen()
        return name
    }

    package func beginEmpty(after deletes: [SpoolDelete]) throws(SpoolError) -> Bool {
        var removed = 0
        try named { (database) throws(SQLiteHandle.Failure) in
            for delete in deletes {
                let start = Int64(delete.queue) << Self.sequenceBits
                removed += Int(
                    try database.number(
                        "SELECT count(*) FROM messages WHERE id BETWEEN ? AND ?",
                        .integer(start + delete.first),
                        .integer(start + delete.last)
                    ) ?? 0
                )
            }
        }
        guard removed == queues.values.reduce(0, { $0 + $1.count }) else { return false }
        database = nil
        for suffix in ["", "-wal", "-shm"] { _ = unlink(path + suffix) }
        try reopen()
        return true
    }

    /// Opens it in the middle of a run: queues keep their numbers and places, even where the file is a new one.
    func reopen() throws(SpoolError) {
        let former = queues
        do throws(SpoolError) {
            try openFile()
            let missing = former.filter { queues[$0.key] == nil }
            guard !missing.isEmpty else { return }
            doubtfulThrough = [:]
            try named { (database) throws(SQLiteHandle.Failure) in
                if !isInspection { try database.run("INSERT OR REPLACE INTO state VALUES ('running', 1)") }
                for (number, var queue) in missing {
                    queue.count = 0
                    queue.bytes = 0
                    try store(queue, number, in: database)
                    queues[number] = queue
                }
            }
        } catch {
            queues = former
            database = nil
            throw error
        }
    }
}
