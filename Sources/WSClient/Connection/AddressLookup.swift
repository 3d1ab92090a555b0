import NIOCore
import TLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The addresses that a name has of one family, asked of the system: waits for the answer.
enum AddressLookup {
    /// The address that stands in place of a name; `nil` for a name.
    static func literal(_ host: String, port: Int) throws(AddressLookupError) -> SocketAddress? {
        guard IPv6Zone(of: host) != nil else { return try? SocketAddress(ipAddress: host, port: port) }
        do throws(UnknownInterface) {
            let address = try IPv6Zone.resolvable(host)
            return try? addresses(of: address, port: port, family: .ipv6).first
        } catch {
            throw AddressLookupError(host: host, code: EAI_NONAME, interface: error)
        }
    }

    static func addresses(
        of host: String,
        port: Int,
        family: AddressFamily
    ) throws(AddressLookupError) -> [SocketAddress] {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_protocol = CInt(IPPROTO_TCP)
        hints.ai_family = family == .ipv6 ? AF_INET6 : AF_INET
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
    /// That of the address's zone, where this machine has none of the name.
    var interface: UnknownInterface?

    /// DNS did not answer: it may next time.
    var isPassing: Bool { code == EAI_AGAIN }

    var description: String {
        if let interface { return "\(interface), which the address \(host) names" }
        return switch code {
        case EAI_NONAME: "no host is known by the name \(host)"
        case EAI_AGAIN: "the name \(host) can't be looked up now: no answer from DNS"
        default: "the name \(host) can't be looked up: \(String(cString: gai_strerror(code)))"
        }
    }
}
