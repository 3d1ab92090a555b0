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
        case let error as AddressLookupError:
            self.init(error.description)
        case let error as NIOConnectionError:
            self.init(Self.reason(error, server: server))
        case let error as IOError:
            self.init(Self.reason(errno: error.errnoCode, server: server))
        case ChannelError.connectTimeout:
            self.init("no connection to \(server) in time")
        default:
            self.init("connection to \(server) failed: \(readable(String(describing: error), limit: 200))")
        }
    }

    private static func reason(_ error: NIOConnectionError, server: String) -> String {
        // Of several addresses the last one's failure is told: the others failed before it.
        if let last = error.connectionErrors.last {
            return ConnectionFailure(last.error, server: server).reason
        }
        if let failure = error.dnsAError ?? error.dnsAAAAError {
            return ConnectionFailure(failure, server: server).reason
        }
        return "no address is known of \(server)"
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
