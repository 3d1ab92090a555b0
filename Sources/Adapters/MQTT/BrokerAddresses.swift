#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The addresses of a broker's host, in the order in which they are tried: the one that worked last goes first.
///
/// The library takes them as the system orders them, which a dead IPv6 address in front of a living IPv4 one makes cost
/// `connect_timeout` at each reconnect. The name is looked up at each attempt, so a broker that moved is found.
struct BrokerAddresses: Sendable {
    /// The addresses of a host as text, or the code of `getaddrinfo`; waits for the answer.
    typealias Lookup = @Sendable (_ host: String) -> Result<[String], LookupError>

    struct LookupError: Error, Equatable {
        var code: Int32
    }

    private let lookup: Lookup
    private var lastWorked: String?

    init(lookup: @escaping Lookup = system) {
        self.lookup = lookup
    }

    func addresses(of host: String) -> Result<[String], LookupError> {
        lookup(host).map { addresses in
            guard let lastWorked, let index = addresses.firstIndex(of: lastWorked) else { return addresses }
            return [lastWorked] + addresses[..<index] + addresses[(index + 1)...]
        }
    }

    mutating func worked(_ address: String) {
        lastWorked = address
    }

    /// As the system says; link-local ones with their zone.
    static let system: Lookup = { host in
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return .failure(LookupError(code: code)) }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let info = next?.pointee {
            var text = [CChar](repeating: 0, count: 256)
            let length = socklen_t(text.count)
            if getnameinfo(info.ai_addr, info.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 {
                let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if !addresses.contains(address) { addresses.append(address) }
            }
            next = info.ai_next
        }
        return addresses.isEmpty ? .failure(LookupError(code: EAI_NONAME)) : .success(addresses)
    }
}
