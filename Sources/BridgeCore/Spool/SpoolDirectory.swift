#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The `state_dir`, held for one process: 0700, and a lock that the kernel drops with the process.
package final class SpoolDirectory: Sendable {
    package let path: String
    private let descriptor: Int32

    /// Makes the folder where it is missing, but not its parents.
    ///
    /// `patience`: how long to wait for another process, such as one that was just killed and whose disk is slow.
    package init(_ path: String, patience: Duration = .zero) throws(SpoolError) {
        self.path = path
        if let problem = Self.problem(with: path, makes: true) { throw .unusable(path: path, reason: problem) }
        descriptor = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unusable(path: path, reason: LocalFile.explanation(of: errno)) }
        let deadline = ContinuousClock.now + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK, ContinuousClock.now < deadline {
                usleep(20_000)
                continue
            }
            let isHeld = errno == EWOULDBLOCK
            let reason = LocalFile.explanation(of: errno)
            close(descriptor)
            throw isHeld ? .locked(path: path) : .unusable(path: path, reason: reason)
        }
    }

    deinit { close(descriptor) }

    /// Whether a spool was ever written here.
    package static func holdsSpool(_ path: String) -> Bool {
        access(path + "/" + SQLiteEngine.fileName, F_OK) == 0
    }

    /// What keeps the folder from being used; `nil` = nothing.
    package static func problem(with path: String, makes: Bool = false) -> String? {
        var status = stat()
        if stat(path, &status) != 0 {
            guard errno == ENOENT else { return LocalFile.explanation(of: errno) }
            guard makes else {
                let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
                guard stat(parent, &status) == 0 else { return "its parent folder \(parent) doesn't exist: make it" }
                return access(parent, W_OK | X_OK) == 0 ? nil : "it doesn't exist and can't be made: permission denied"
            }
            guard mkdir(path, 0o700) == 0 else {
                return errno == ENOENT
                    ? "its parent folder doesn't exist: make it"
                    : "it can't be made: \(LocalFile.explanation(of: errno))"
            }
            return nil
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "it is no folder: name a folder" }
        if status.st_mode & 0o022 != 0, status.st_mode & S_ISVTX == 0 || status.st_mode & S_IFMT != S_IFDIR {
            return "others may change it: chmod 700 the folder"
        }
        guard access(path, W_OK | X_OK | R_OK) == 0 else {
            let reason = errno == EROFS ? "its file system is read-only" : "permission denied"
            return "it can't be written, \(reason): it has to be writable for the user who runs the gateway"
        }
        return nil
    }
}
