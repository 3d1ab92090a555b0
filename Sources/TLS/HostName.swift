/// A host as URLs, socket addresses and certificates name it: the one rule for all of them.
///
/// A name has at most 253 bytes without a closing dot, in labels of 1 to 63 letters, digits, `-` and `_` (RFC 1123,
/// section 2.1; RFC 1035, section 2.3.4). One whose last label is a number is an IPv4 address or nothing (WHATWG URL,
/// section 3.5): resolvers take `127.1` and `0x7f.1` for addresses, proxies and certificates don't.
public enum HostName: Hashable, Sendable {
    /// A name, perhaps with a closing dot.
    case name(String)
    /// An IPv4 address, or an IPv6 address without brackets, perhaps with a zone: `fe80::1%eth0`.
    case address(String)

    /// Reads a host that stands without port and brackets.
    ///
    /// - Throws: ``HostNameError``, whose text says what is wrong and shows nothing of the host.
    public init(_ text: String) throws(HostNameError) {
        guard !text.isEmpty else { throw .missing }
        if let address = IPAddress.bytes(of: text) {
            let zone = IPv6Zone(of: text)
            guard zone?.isUsable ?? true else { throw .zone }
            guard zone != nil || !IPAddress.isLinkLocal(address) else { throw .noZone }
            self = .address(text)
            return
        }
        guard !text.utf8.contains(UInt8(ascii: ":")) else { throw .notAnAddress }
        let absolute = text.utf8.last == UInt8(ascii: ".") ? text.utf8.dropLast() : text.utf8[...]
        let labels = absolute.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ $0.allSatisfy(Self.isInLabel) }) else { throw .forbiddenCharacter }
        // Empty labels matter: OpenSSL takes ".example.com" as "anything under example.com".
        guard labels.allSatisfy({ !$0.isEmpty }) else { throw .emptyLabel }
        guard labels.allSatisfy({ $0.count <= 63 }) else { throw .longLabel }
        guard absolute.count <= 253 else { throw .long }
        guard let last = labels.last, !Self.isNumber(last) else { throw .notAnIPv4Address }
        self = .name(text)
    }

    /// As it was written.
    public var text: String {
        switch self {
        case .name(let text), .address(let text): text
        }
    }

    /// The host as it stands before a port: an IPv6 address in brackets (RFC 3986, section 3.2.2).
    package static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    /// The fault of a host that stands without port and brackets; `nil` if there is none.
    package static func problem(with text: String) -> String? {
        do throws(HostNameError) {
            _ = try HostName(text)
            return nil
        } catch {
            return error.description
        }
    }

    /// The same for what a server's certificate has to name: no address has a zone there.
    package static func problem(withVerified text: String) -> String? {
        let isPlainAddress = IPAddress.bytes(of: text) != nil && IPv6Zone(of: text) == nil
        return isPlainAddress ? nil : problem(with: text)
    }

    /// True for a host that is this machine itself: `localhost`, what is below it, `127.0.0.0/8`, `::1`.
    ///
    /// Traffic to it stays on the machine.
    package static func isLoopback(_ host: String) -> Bool {
        if let bytes = IPAddress.bytes(of: host) { return IPAddress.isLoopback(bytes) }
        let name = (host.hasSuffix(".") ? host.dropLast() : host[...]).lowercased()
        return name == "localhost" || name.hasSuffix(".localhost")
    }

    private static func isInLabel(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default:
            false
        }
    }

    /// Decimal, or hexadecimal behind `0x`.
    private static func isNumber(_ label: Substring.UTF8View) -> Bool {
        if label.starts(with: "0x".utf8) || label.starts(with: "0X".utf8) {
            return label.dropFirst(2).allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        }
        return label.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

/// A host's fault; its text shows nothing of the host.
public enum HostNameError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing is written.
    case missing
    /// There are colons, but it is no IPv6 address.
    case notAnAddress
    /// A character that can't stand in a name.
    case forbiddenCharacter
    /// Two dots in a row, or one at the beginning.
    case emptyLabel
    /// More than 63 bytes between two dots.
    case longLabel
    /// More than 253 bytes.
    case long
    /// Behind the `%` of an IPv6 address stands no interface.
    case zone
    /// A link-local IPv6 address (`fe80::/10`) is one of every interface: which is meant has to be said (RFC 4007,
    /// section 6).
    case noZone
    /// The last label is a number, but the whole is no IPv4 address.
    case notAnIPv4Address

    /// The fault, and what to write instead.
    public var description: String {
        switch self {
        case .missing: "the host is missing"
        case .notAnAddress: "the host is no name and no IP address"
        case .forbiddenCharacter:
            "a host's name holds letters, digits, '.' and '-' only (beyond ASCII: its xn-- form)"
        case .emptyLabel: "a host's name has something before and between its dots"
        case .longLabel: "a part of the host's name, between its dots, is longer than 63 characters"
        case .long: "the host's name is longer than 253 characters"
        case .zone:
            "behind the % of an IPv6 address stands an interface of this machine: [fe80::1%25eth0] in a URL, fe80::1%eth0 elsewhere"
        case .noZone:
            "a link-local address needs its interface: [fe80::1%25eth0] in a URL, fe80::1%eth0 elsewhere"
        case .notAnIPv4Address:
            "the host's last part is a number, so it would be read as an IPv4 address, which it isn't"
        }
    }
}
