import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The addresses of a host, looked up beside the event loop: NIO's own resolver would hold it up.
struct AddressLookup: Resolver, Sendable {
    /// Whether nobody waits for the answer any more.
    private final class Cancellation: Sendable {
        let isCancelled = NIOLockedValueBox(false)
    }

    private let addresses: EventLoopFuture<[SocketAddress]>
    private let cancellation = Cancellation()

    init(host: String, port: Int, eventLoop: any EventLoop) {
        if let literal = try? SocketAddress(ipAddress: host, port: port) {
            addresses = eventLoop.makeSucceededFuture([literal])
        } else {
            addresses = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { [cancellation] in
                // While DNS is away, attempts that are over must not queue up here.
                guard !cancellation.isCancelled.withLockedValue({ $0 }) else { return [] }
                return try Self.addresses(host: host, port: port)
            }
        }
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == .inet } }
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == .inet6 } }
    }

    func cancelQueries() {
        cancellation.isCancelled.withLockedValue { $0 = true }
    }

    private static func addresses(host: String, port: Int) throws(AddressLookupError) -> [SocketAddress] {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_protocol = CInt(IPPROTO_TCP)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { throw AddressLookupError(host: host, code: code) }
        defer { freeaddrinfo(list) }

        var addresses: [SocketAddress] = []
        var next = list
        while let info = next?.pointee {
            if let address = Self.address(info, host: host) { addresses.append(address) }
            next = info.ai_next
        }
        return addresses
    }

    private static func address(_ info: addrinfo, host: String) -> SocketAddress? {
        switch info.ai_family {
        case AF_INET:
            info.ai_addr?.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { .init($0.pointee, host: host) }
        case AF_INET6:
            info.ai_addr?.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { .init($0.pointee, host: host) }
        default:
            nil
        }
    }
}

/// Why a host name led to no address.
struct AddressLookupError: Error, Equatable, CustomStringConvertible {
    let host: String
    /// Of `getaddrinfo`.
    let code: CInt

    var description: String {
        switch code {
        case EAI_NONAME: "no host is known by the name \(host)"
        case EAI_AGAIN: "the name \(host) can't be looked up now: no answer from DNS"
        default: "the name \(host) can't be looked up: \(String(cString: gai_strerror(code)))"
        }
    }
}
