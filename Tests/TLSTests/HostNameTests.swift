import Testing

@testable import TLS

/// The one rule for hosts, of URLs, sockets and certificates.
struct HostNameTests {
    private static let label = String(repeating: "a", count: 63)
    private static let longest = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")

    @Test(
        "RFC 1123, 2.1 and RFC 1035, 2.3.4: names",
        arguments: ["a", "example.com", "example.com.", "a_b-c.d", "xn--mnchen-3ya.example", "1a.2b", label, longest]
    )
    func names(text: String) throws {
        #expect(try HostName(text) == .name(text))
        #expect(try VerifiedName(text).text == (text.hasSuffix(".") ? String(text.dropLast()) : text))
    }

    @Test(arguments: ["127.0.0.1", "0.0.0.0", "::1", "2001:db8::1", "::ffff:1.2.3.4"])
    func addresses(text: String) throws {
        #expect(try HostName(text) == .address(text))
        #expect(try VerifiedName(text) == .address(text))
    }

    @Test(
        "RFC 4007, 11: a zone belongs to an address, and not to what a certificate says",
        arguments: ["fe80::1%eth0", "fe80::1%2", "ff02::1%br-lan", "::1%lo", "fe80::1%wlan0.10", "fe80::1%a_b~c"]
    )
    func zones(text: String) throws {
        #expect(try HostName(text) == .address(text))
        #expect(try VerifiedName("[\(text)]").text == String(text.prefix { $0 != "%" }))
        #expect(IPAddress.bytes(of: text) == IPAddress.bytes(of: IPv6Zone.removed(from: text)))
    }

    @Test(arguments: ["fe80::1%", "fe80::1%a/b", "fe80::1%a%b", "fe80::1%0123456789abcdef", "fe80::1%\u{e9}"])
    func zonesThatNameNoInterface(text: String) {
        #expect(throws: HostNameError.zone) { try HostName(text) }
    }

    @Test(
        "RFC 4007, 6: a link-local address without its interface leads nowhere",
        arguments: ["fe80::1", "FE80::1:2", "febf:ffff::1", "fe80::", "fe80::1.2.3.4"]
    )
    func linkLocalAddressesNeedAZone(text: String) throws {
        #expect(throws: HostNameError.noZone) { try HostName(text) }
        #expect(try HostName(text + "%lo") == .address(text + "%lo"))
        #expect(try VerifiedName(text) == .address(text), "a certificate names it without")
        #expect(HostName.problem(withVerified: text) == nil)
        #expect(HostName.problem(withVerified: text + "%") != nil)
    }

    @Test(arguments: ["fe7f::1", "fec0::1", "ff02::1", "169.254.1.1", "::ffff:169.254.1.1"])
    func othersNeedNone(text: String) throws {
        #expect(try HostName(text) == .address(text))
    }

    @Test func aZoneIsResolvedToTheInterfacesNumber() throws {
        #expect(try IPv6Zone.resolvable("fe80::1%lo") == "fe80::1%1")
        #expect(try IPv6Zone.resolvable("fe80::1%1") == "fe80::1%1")
        #expect(try IPv6Zone.resolvable("example.com") == "example.com")
        #expect(throws: UnknownInterface(name: "nosuch0")) { try IPv6Zone.resolvable("fe80::1%nosuch0") }
        #expect(throws: UnknownInterface(name: "99999")) { try IPv6Zone.resolvable("fe80::1%99999") }
    }

    @Test(
        arguments: [
            ("", HostNameError.missing), (".", .emptyLabel), ("a..b", .emptyLabel), (".a", .emptyLabel),
            ("a..", .emptyLabel), (label + "a.example", .longLabel), (longest + "c", .long),
            ("exämple.com", .forbiddenCharacter), ("a b", .forbiddenCharacter), ("a\u{0}b", .forbiddenCharacter),
            ("*.example.com", .forbiddenCharacter), ("a%zz", .forbiddenCharacter),
            ("10.0.0.1%eth0", .forbiddenCharacter),
            ("[::1]", .notAnAddress), ("::g", .notAnAddress), ("a:80", .notAnAddress), ("300.1.1.1", .notAnIPv4Address),
            ("127.1", .notAnIPv4Address), ("example.1", .notAnIPv4Address), ("0x7f000001", .notAnIPv4Address),
            ("a.0X1", .notAnIPv4Address), ("1.2.3.4.", .notAnIPv4Address),
        ]
    )
    func isRefused(text: String, error: HostNameError) {
        #expect(throws: error) { try HostName(text) }
    }

    @Test(
        "brackets and a zone belong to addresses only",
        arguments: ["[example.com]", "a%zz", "a%25eth0", "[a", "[::1"]
    )
    func isNoVerifiedName(text: String) {
        #expect(throws: TLSError.invalidName(text)) { try VerifiedName(text) }
    }

    @Test(arguments: [("[::1]", "::1"), ("fe80::1%eth0", "fe80::1"), ("[fe80::1%25eth0]", "fe80::1")])
    func whatACertificateSaysOfAnAddress(text: String, address: String) throws {
        #expect(try VerifiedName(text) == .address(address))
    }

    @Test(arguments: [
        ("localhost", true), ("a.localhost.", true), ("127.9.9.9", true), ("::1", true), ("localhost.example", false),
        ("128.0.0.1", false), ("::2", false),
    ])
    func loopback(host: String, isLoopback: Bool) {
        #expect(HostName.isLoopback(host) == isLoopback)
    }
}
