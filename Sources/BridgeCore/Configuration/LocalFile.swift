#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A small file on this machine, read whole.
struct LocalFile {
    struct Problem: Error, Equatable {
        /// What is wrong, without the path.
        var message: String
    }

    var bytes: [UInt8]
    /// Others than owner and group may read it.
    var isWorldReadable: Bool
    var isRegular: Bool

    /// Reads up to `limit` bytes.
    ///
    /// Never waits for a writer of a FIFO.
    static func read(_ path: String, limit: Int) -> Result<LocalFile, Problem> {
        guard !path.utf8.contains(0) else { return .failure(Problem(message: "a path can't hold NUL")) }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(Problem(message: explanation(of: errno))) }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(Problem(message: explanation(of: errno))) }
        if status.st_mode & S_IFMT == S_IFDIR {
            return .failure(Problem(message: "this is a folder, not a file"))
        }
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let taken = bytes[count...].withUnsafeMutableBytes { sysRead(descriptor, $0.baseAddress, $0.count) }
            if taken < 0, errno == EINTR { continue }
            guard taken >= 0 else { return .failure(Problem(message: explanation(of: errno))) }
            if taken == 0 { break }
            count += taken
        }
        bytes.removeSubrange(count...)
        return .success(
            LocalFile(
                bytes: bytes,
                isWorldReadable: status.st_mode & 0o004 != 0,
                isRegular: status.st_mode & S_IFMT == S_IFREG
            )
        )
    }

    /// An error number in words that say what to do.
    static func explanation(of error: Int32) -> String {
        switch error {
        case ENOENT: "there is no such file"
        case EACCES, EPERM: "it can't be read: permission denied"
        case ENOTDIR: "a part of the path is no folder"
        case ELOOP: "the path holds a circle of symbolic links"
        default: "it can't be read: \(KernelError.words(for: error))"
        }
    }
}

/// `read(2)`, which the method of the same name hides.
private func sysRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
