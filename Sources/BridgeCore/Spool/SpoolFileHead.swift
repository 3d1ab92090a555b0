/// Whose a spool's file is, by the first bytes of its first page: nothing is opened as a database, locked or changed.
///
/// A file that a gateway has only begun says nothing yet: its tables are still in the log beside it.
package enum SpoolFileHead {
    /// What keeps a gateway from using the file in this folder; `nil` = nothing that shows here.
    package static func problem(in directory: String) -> String? {
        guard SpoolDirectory.holdsSpool(directory) else { return nil }
        let path = directory + "/" + SQLiteEngine.fileName
        switch LocalFile.read(path, limit: Place.end) {
        case .failure(let problem): return "\(quoted(path, limit: 300)): \(problem.message)"
        case .success(let file): return problem(with: file.bytes, path: path)?.description
        }
    }

    static func problem(with bytes: [UInt8], path: String) -> SpoolError? {
        // What is no database is put aside at the start, as a damaged one is.
        guard bytes.count == Place.end, bytes.starts(with: "SQLite format 3\0".utf8) else { return nil }
        func number(_ place: Int, _ count: Int) -> Int64 {
            bytes[place..<place + count].reduce(0) { $0 << 8 | Int64($1) }
        }
        let owner = number(Place.applicationID, 4)
        let version = number(Place.userVersion, 4)
        let hasTables = bytes[Place.schemaPage] != Place.leaf || number(Place.schemaRows, 2) > 0
        if owner == 0, version == 0, !hasTables { return nil }
        guard owner == SQLiteEngine.applicationID else { return .foreign(path: path) }
        return version > SQLiteEngine.schema ? .newer(path: path, version: Int(version)) : nil
    }

    /// SQLite's file format, sections 1.3 and 1.6: behind the file's header stands that of the page with the schema.
    private enum Place {
        static let userVersion = 60
        static let applicationID = 68
        static let schemaPage = 100
        static let schemaRows = 103
        static let end = 108
        static let leaf: UInt8 = 0x0d
    }
}
