#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Stream sockets in the file system, by the system's own calls.
enum UnixSocket {
    struct Failure: Error {
        var code: CInt
    }

    /// A connected socket whose calls give up after `patience` seconds.
    static func connect(to path: String, patience: Int) -> Result<CInt, Failure> {
        open(path) { descriptor, address, length in
            var limit = timeval(tv_sec: patience, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
            // Before connecting: a gateway that hangs with a full backlog must not hang its commands too.
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
            return systemConnect(descriptor, address, length) == 0
        }
    }

    /// A socket that listens.
    static func listen(at path: String, mode: mode_t, backlog: CInt) -> Result<CInt, Failure> {
        open(path) { descriptor, address, length in
            // Linux gives the path the mode that the socket has, so that there is no moment between bind and chmod. The
            // umask would do so too, but it belongs to all threads.
            fchmod(descriptor, mode)
            guard systemBind(descriptor, address, length) == 0 else { return false }
            return chmod(path, mode) == 0 && systemListen(descriptor, backlog) == 0
        }
    }

    private static func open(
        _ path: String,
        _ use: (CInt, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Result<CInt, Failure> {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            return .failure(Failure(code: ENAMETOOLONG))
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        #if os(Linux)
            let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return .failure(Failure(code: errno)) }
        let succeeded = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard succeeded else {
            let code = errno
            close(descriptor)
            return .failure(Failure(code: code))
        }
        return .success(descriptor)
    }
}

// The system's names, which `UnixSocket`'s own would hide.
private func systemConnect(_ descriptor: CInt, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> CInt {
    connect(descriptor, address, length)
}

private func systemBind(_ descriptor: CInt, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> CInt {
    bind(descriptor, address, length)
}

private func systemListen(_ descriptor: CInt, _ backlog: CInt) -> CInt {
    listen(descriptor, backlog)
}
