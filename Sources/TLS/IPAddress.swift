#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// An IP address as bytes: 4 or 16, in network order.
package enum IPAddress {
    /// `nil` for what is no address, such as a name; a zone isn't looked at.
    package static func bytes(of text: String) -> [UInt8]? {
        guard !text.utf8.contains(0) else { return nil }
        let text = IPv6Zone(of: text)?.address ?? text
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }

    package static func isMulticast(_ bytes: [UInt8]) -> Bool {
        bytes.count == 4 ? (224...239).contains(bytes[0]) : bytes.first == 0xFF
    }

    /// `fe80::/10` (RFC 4291, section 2.5.6); IPv4's needs no interface.
    package static func isLinkLocal(_ bytes: [UInt8]) -> Bool {
        bytes.count == 16 && bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
    }

    package static func isUnspecified(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 == 0 }
    }

    /// `127.0.0.0/8` and `::1`.
    package static func isLoopback(_ bytes: [UInt8]) -> Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
    }
}
