#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The zone of an IPv6 address, as in `fe80::1%eth0`: the interface of this machine by which a link-local address is
/// reached (RFC 4007, section 11).
///
/// It means something on this machine only: no server, proxy or certificate is told it (RFC 6874, section 4).
package struct IPv6Zone: Equatable, Sendable {
    /// Without the zone.
    package let address: String
    /// The interface's name, or its number.
    package let name: String

    /// `nil` for a host without a zone.
    package init?(of host: String) {
        guard let percent = host.firstIndex(of: "%"), host[..<percent].contains(":") else { return nil }
        address = String(host[..<percent])
        name = String(host[percent...].dropFirst())
    }

    /// A host without its zone, if it has one.
    package static func removed(from host: String) -> String { IPv6Zone(of: host)?.address ?? host }

    /// Letters, digits, `-`, `.`, `_` and `~` (RFC 6874, section 2), as many as an interface's name may have.
    var isUsable: Bool {
        (1...15).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._~".utf8.contains(byte)
                }
            }
    }

    /// A host as the system's resolver takes it: with the interface's number, asked of this machine now.
    ///
    /// It takes a name for link-local addresses only, and says nothing useful where there is none.
    package static func resolvable(_ host: String) throws(UnknownInterface) -> String {
        guard let zone = IPv6Zone(of: host) else { return host }
        let index = if_nametoindex(zone.name)
        guard index == 0 else { return "\(zone.address)%\(index)" }
        var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard let number = UInt32(zone.name), if_indextoname(number, &buffer) != nil else {
            throw UnknownInterface(name: zone.name)
        }
        return "\(zone.address)%\(number)"
    }
}

/// A zone names an interface that this machine doesn't have.
package struct UnknownInterface: Error, Equatable, Sendable, CustomStringConvertible {
    package let name: String

    package var description: String { "this machine has no network interface \(name)" }
}
