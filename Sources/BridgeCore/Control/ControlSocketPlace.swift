import WSClient

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
        case notBound(errno: Int32)

        var description: String {
            switch self {
            case .pathTooLong: "the path is longer than a socket's may be (\(UnixSocketURL.longestPath) bytes)"
            case .noDirectory(let path, let code): "can't make the directory \(path): \(KernelError.words(for: code))"
            case .foreignDirectory(let path): "\(path) belongs to somebody else, or others may write to it"
            case .notASocket: "something that is no socket stands there; it was left untouched"
            case .inUse: "another running gateway answers there"
            case .notBound(let code): KernelError.words(for: code)
            }
        }
    }

    /// A listening socket at the path, which nobody else may open at any moment.
    static func listen(at path: String) throws(PlaceError) -> CInt {
        try prepare(path)
        switch UnixSocket.listen(at: path, mode: 0o600, backlog: 16) {
        case .success(let descriptor): return descriptor
        case .failure(let error): throw .notBound(errno: error.code)
        }
    }

    static func prepare(_ path: String) throws(PlaceError) {
        guard path.utf8.count <= UnixSocketURL.longestPath else { throw .pathTooLong }
        try makeDirectory(of: path)
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
        switch UnixSocket.connect(to: path, patience: 1) {
        case .success(let descriptor):
            close(descriptor)
            throw .inUse
        case .failure(let error):
            // Only a socket that nobody listens on is dead; any other error says nothing about that.
            guard error.code == ECONNREFUSED || error.code == ENOENT else { throw .inUse }
        }
        unlink(path)
    }

    /// The directory is made with mode 0700; one that stands there must not let others plant a socket.
    private static func makeDirectory(of path: String) throws(PlaceError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        if mkdir(directory, 0o700) != 0, errno != EEXIST { throw .noDirectory(directory, errno: errno) }
        var status = stat()
        // A link is as good as where it leads, if it is our own or the system's: /var/run.
        guard lstat(directory, &status) == 0 else { throw .noDirectory(directory, errno: errno) }
        guard isOurs(status) else { throw .foreignDirectory(directory) }
        guard stat(directory, &status) == 0 else { throw .noDirectory(directory, errno: errno) }
        let othersWrite = status.st_mode & 0o022 != 0 && status.st_mode & S_ISVTX == 0
        guard isOurs(status), !othersWrite else { throw .foreignDirectory(directory) }
    }

    private static func isOurs(_ status: stat) -> Bool { status.st_uid == geteuid() || status.st_uid == 0 }
}
