internal import BridgeCore
internal import CLinux
internal import Glibc
internal import TLS

/// An address and a port as the kernel takes them.
struct UDPEndpoint: Sendable, Hashable {
    /// `AF_INET` or `AF_INET6`.
    let family: CInt
    /// 4 or 16 bytes in network order.
    let address: [UInt8]
    let port: UInt16
    /// The interface of a link-local IPv6 address; 0 = none.
    let scope: UInt32

    init(family: CInt, address: [UInt8], port: UInt16, scope: UInt32 = 0) {
        self.family = family
        self.address = address
        self.port = port
        self.scope = scope
    }

    /// Nil for anything that isn't a socket address of either family.
    init?(_ raw: UnsafePointer<sockaddr>) {
        switch CInt(raw.pointee.sa_family) {
        case AF_INET:
            let v4 = UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in.self)
            self.init(
                family: AF_INET,
                address: withUnsafeBytes(of: v4.sin_addr) { Array($0) },
                port: UInt16(bigEndian: v4.sin_port)
            )
        case AF_INET6:
            let v6 = UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in6.self)
            self.init(
                family: AF_INET6,
                address: withUnsafeBytes(of: v6.sin6_addr) { Array($0) },
                port: UInt16(bigEndian: v6.sin6_port),
                scope: v6.sin6_scope_id
            )
        default: return nil
        }
    }

    var isMulticast: Bool {
        family == AF_INET ? address[0] & 0xf0 == 0xe0 : address[0] == 0xff
    }

    /// Calls `body` with the address in the kernel's form.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result) rethrows -> Result {
        if family == AF_INET {
            var v4 = sockaddr_in()
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &v4.sin_addr) { $0.copyBytes(from: address) }
            return try withUnsafeBytes(of: v4) { try body(Self.rebound($0), socklen_t($0.count)) }
        }
        var v6 = sockaddr_in6()
        v6.sin6_family = sa_family_t(AF_INET6)
        v6.sin6_port = port.bigEndian
        v6.sin6_scope_id = scope
        withUnsafeMutableBytes(of: &v6.sin6_addr) { $0.copyBytes(from: address) }
        return try withUnsafeBytes(of: v6) { try body(Self.rebound($0), socklen_t($0.count)) }
    }

    private static func rebound(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<sockaddr> {
        // Not empty: it covers a socket address.
        bytes.bindMemory(to: sockaddr.self).baseAddress.unsafelyUnwrapped
    }

    /// Resolves a name, or reads an address, on the calling thread: only an address is sure not to wait.
    ///
    /// With `numericOnly`, a name is an error.
    static func resolve(_ address: UDPAddress, numericOnly: Bool) throws(UDPError) -> [UDPEndpoint] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_DGRAM.rawValue)
        hints.ai_flags = numericOnly ? AI_NUMERICHOST : AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let host: String
        do throws(UnknownInterface) {
            host = try IPv6Zone.resolvable(address.host)
        } catch {
            throw .unknownInterface(name: error.name)
        }
        let code = getaddrinfo(host, String(address.port), &hints, &list)
        defer {
            if let list { freeaddrinfo(list) }
        }
        guard code == 0 else {
            throw .unresolved(address, reason: String(cString: gai_strerror(code)).lowercased())
        }
        var endpoints: [UDPEndpoint] = []
        var next = list
        while let entry = next {
            if let raw = entry.pointee.ai_addr, let endpoint = UDPEndpoint(raw) {
                endpoints.append(endpoint)
            }
            next = entry.pointee.ai_next
        }
        return endpoints
    }
}
