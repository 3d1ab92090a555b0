import NIOCore
import NIOPosix
import TLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ConnectionFailure {
    /// What an error from below means, in words, with the server as a person would write it: host and port.
    init(_ error: any Error, server: String) {
        switch error {
        case let failure as ConnectionFailure:
            self = failure
        case let error as TLSError:
            self.init(error.description, remedy: error.needsPerson ? .person : .waiting)
        case let error as WebSocketHeaderError:
            self.init(error.description, remedy: .person)
        case let error as ResponseHeadError:
            self.init(error.description)
        case let error as ConnectRaceError:
            self.init(Self.reason(error, server: server))
        case let error as UnixSocketFailure:
            self.init(error.reason, remedy: error.needsPerson ? .person : .waiting)
        case let error as IOError:
            self.init(Self.reason(errno: error.errnoCode, server: server))
        case ChannelError.connectTimeout:
            self.init("no connection to \(server) in time")
        default:
            self.init("connection to \(server) failed: \(readable(String(describing: error), limit: 200))")
        }
    }

    /// The same for what was known before the first byte: no waiting mends a configuration.
    init(unusable error: any Error, server: String) {
        switch error {
        case is TLSError, is WebSocketHeaderError: self.init(error, server: server)
        default: self.init(readable(String(describing: error), limit: 300), remedy: .person)
        }
    }

    private static func reason(_ error: ConnectRaceError, server: String) -> String {
        if let lookupError = error.lookupError { return lookupError.description }
        if let reasons = error.addressReasons { return "no connection to \(server): \(reasons)" }
        guard let reason = error.failures.first?.reason else { return "no address is known of \(server)" }
        switch reason {
        case refused: return "connection refused by \(server)"
        case unreachableNetwork: return "network of \(server) is unreachable"
        case unreachableHost: return "\(server) is unreachable"
        case timedOut: return "\(server) doesn't answer: connection timed out"
        default: return "connection to \(server) failed: \(reason)"
        }
    }

    private static let refused = "connection refused"
    private static let unreachableNetwork = "network unreachable"
    private static let unreachableHost = "host unreachable"
    private static let timedOut = "connection timed out"

    /// What went wrong with one address, in few words.
    static func shortReason(_ error: any Error) -> String {
        guard let code = (error as? IOError)?.errnoCode else {
            if case .some(.connectTimeout) = error as? ChannelError { return timedOut }
            return readable(String(describing: error), limit: 200)
        }
        return switch code {
        case ECONNREFUSED: refused
        case ENETUNREACH: unreachableNetwork
        case EHOSTUNREACH: unreachableHost
        case ETIMEDOUT: timedOut
        // A machine without IPv6 says one of these.
        case EADDRNOTAVAIL, EAFNOSUPPORT: "no such network on this machine"
        case EMFILE, ENFILE: "too many open files: raise the limit (ulimit -n, LimitNOFILE)"
        default: String(cString: strerror(code))
        }
    }

    private static func reason(errno code: CInt, server: String) -> String {
        switch code {
        case ECONNREFUSED: "connection refused by \(server)"
        case ECONNRESET, EPIPE: "connection reset by \(server)"
        case ETIMEDOUT: "\(server) doesn't answer: connection timed out"
        case ENETUNREACH: "network of \(server) is unreachable"
        case EHOSTUNREACH: "\(server) is unreachable"
        default: "connection to \(server) failed: \(String(cString: strerror(code)))"
        }
    }
}
