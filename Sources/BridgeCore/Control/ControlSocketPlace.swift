#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Makes room for the control socket: its directory, and the path free of a dead gateway's socket.
enum ControlSocketPlace {
    enum PlaceError: Error, CustomStringConvertible {
        case pathTooLong
        case noDirectory(String, errno: Int32)
        case foreignDirectory(String)
        case notASocket
        case inUse

        var description: String {
            switch self {
            case .pathTooLong: "the path is longer than a socket's may be (107 bytes)"
            case .noDirectory(let path, let code): "can't make the directory \(path): \(KernelError.words(for: code))"
            case .foreignDirectory(let path): "\(path) belongs to somebody else, or others may write to it"
            case .notASocket: "something that is no socket stands there; it was left untouched"
            case .inUse: "another running gateway answers there"
            }
        }
    }

    static func prepare(_ path: String) throws(PlaceError) {
        guard path.utf8.count <= 107 else { throw .pathTooLong }
        try makeDirectory(of: path)
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
        guard ControlClient.connect(to: path) == nil else { throw .inUse }
        unlink(path)
    }

    /// The directory is made with mode 0700; one that stands there must not let others plant a socket.
    private static func makeDirectory(of path: String) throws(PlaceError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        if mkdir(directory, 0o700) != 0, errno != EEXIST { throw .noDirectory(directory, errno: errno) }
        var status = stat()
        guard lstat(directory, &status) == 0 else { throw .noDirectory(directory, errno: errno) }
        let isOurs = status.st_uid == geteuid() || status.st_uid == 0
        let othersWrite = status.st_mode & 0o022 != 0 && status.st_mode & S_ISVTX == 0
        guard isOurs, !othersWrite else { throw .foreignDirectory(directory) }
    }
}
