import CSQLite

/// One SQLite connection and its prepared statements.
///
/// Used on one thread only.
final class SQLiteHandle {
    struct Failure: Error {
        var code: Int32
        var message: String

        /// The primary code: what the kernel or the file said, without the detail.
        var primary: Int32 { code & 0xff }
    }

    private let connection: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    init(path: String) throws(Failure) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let message = String(cString: sqlite3_errstr(code))
            sqlite3_close_v2(opened)
            throw Failure(code: code, message: message)
        }
        connection = opened
        sqlite3_busy_timeout(connection, 1000)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(connection)
    }

    /// How many rows the last statement changed.
    var changes: Int { Int(sqlite3_changes(connection)) }

    func execute(_ sql: String) throws(Failure) {
        let code = sqlite3_exec(connection, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// Runs a statement to its end.
    func run(_ sql: String, _ values: Value...) throws(Failure) {
        try rows(sql, values) { (_) throws(Failure) in true }
    }

    /// Inserts a blob without copying it.
    func run(_ sql: String, _ number: Int64, _ blob: UnsafeRawBufferPointer) throws(Failure) {
        let statement = try prepared(sql)
        defer { sqlite3_reset(statement) }
        sqlite3_bind_int64(statement, 1, number)
        sqlite3_bind_blob(statement, 2, blob.baseAddress, Int32(blob.count), nil)
        let code = sqlite3_step(statement)
        sqlite3_bind_null(statement, 2)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure(code) }
    }

    /// Calls `body` for each row until it returns false.
    func rows(
        _ sql: String,
        _ values: [Value] = [],
        _ body: (Row) throws(Failure) -> Bool
    ) throws(Failure) {
        let statement = try prepared(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() { value.bind(to: statement, at: Int32(index + 1)) }
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw failure(code) }
            if try !body(Row(statement: statement)) { return }
        }
    }

    /// The first column of the first row.
    func number(_ sql: String, _ values: Value...) throws(Failure) -> Int64? {
        var found: Int64?
        try rows(sql, values) { (row) throws(Failure) in
            found = row.isNull(0) ? nil : row.integer(0)
            return false
        }
        return found
    }

    func text(_ sql: String) throws(Failure) -> String? {
        var found: String?
        try rows(sql) { (row) throws(Failure) in
            found = row.text(0)
            return false
        }
        return found
    }

    private func prepared(_ sql: String) throws(Failure) -> OpaquePointer {
        if let statement = statements[sql] { return statement }
        var made: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil)
        guard code == SQLITE_OK, let made else { throw failure(code) }
        statements[sql] = made
        return made
    }

    private func failure(_ code: Int32) -> Failure {
        Failure(code: code, message: String(cString: sqlite3_errmsg(connection)))
    }

    enum Value {
        case integer(Int64)
        case text(String)

        fileprivate func bind(to statement: OpaquePointer, at index: Int32) {
            switch self {
            case .integer(let number):
                sqlite3_bind_int64(statement, index, number)
            case .text(let text):
                // The library copies it.
                let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
                sqlite3_bind_text(statement, index, text, -1, copies)
            }
        }
    }

    /// Valid until the statement's next step.
    struct Row {
        fileprivate let statement: OpaquePointer

        func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

        func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

        func text(_ column: Int32) -> String? { sqlite3_column_text(statement, column).map { String(cString: $0) } }

        func blob(_ column: Int32) -> UnsafeRawBufferPointer {
            let start = sqlite3_column_blob(statement, column)
            return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
        }
    }
}
