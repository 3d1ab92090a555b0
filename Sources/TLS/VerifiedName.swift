internal import NIOCore

/// The name or address that a server's certificate has to be for.
enum VerifiedName: Equatable, Sendable {
    case host(String)
    case address(String)

    /// Takes a host as it stands in a URL: brackets of an IPv6 address, its zone and a closing dot are no part of what
    /// a certificate says.
    init(_ text: String) throws(TLSError) {
        let unbracketed = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        let address = String(unbracketed.prefix { $0 != "%" })
        if (try? SocketAddress(ipAddress: address, port: 0)) != nil {
            self = .address(address)
            return
        }
        let host = text.hasSuffix(".") ? String(text.dropLast()) : text
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // Empty labels matter: OpenSSL takes ".example.com" as "anything under example.com".
        guard host.utf8.count <= 253,
            labels.allSatisfy({ (1...63).contains($0.count) && $0.allSatisfy(Self.isInLabel) })
        else { throw .invalidName(text) }
        self = .host(host)
    }

    /// The name without decoration.
    var text: String {
        switch self {
        case .host(let text), .address(let text): text
        }
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
}
