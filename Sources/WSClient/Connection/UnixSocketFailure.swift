import NIOCore
import TLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a Unix domain socket can't be connected to, in words.
struct UnixSocketFailure: Error, Equatable {
    let reason: String
    /// Whether someone has to put something right.
    let needsPerson: Bool

    init(_ error: any Error, path: String) {
        let code = (error as? IOError)?.errnoCode
        let shown = readable(path, limit: 200)
        switch code {
        case ENOENT:
            (reason, needsPerson) = ("there is no socket \(shown): its server may not run", false)
        case EACCES, EPERM:
            (reason, needsPerson) = ("the socket \(shown) can't be opened: permission denied", true)
        case ECONNREFUSED where !Self.isSocket(path):
            (reason, needsPerson) = ("\(shown) is not a socket", true)
        case ECONNREFUSED:
            (reason, needsPerson) = ("nobody listens on the socket \(shown): its server may have ended", false)
        case EAGAIN:
            (reason, needsPerson) = ("the server of the socket \(shown) has no room for another connection", false)
        case ENOTDIR, ELOOP, ENAMETOOLONG, EPROTOTYPE:
            let words = code.map { String(cString: strerror($0)) } ?? ""
            (reason, needsPerson) = ("the socket \(shown) can't be opened: \(words)", true)
        default:
            let words = ConnectionFailure.shortReason(error)
            (reason, needsPerson) = ("the socket \(shown) can't be opened: \(words)", false)
        }
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }
}
