/// The name or address that a server's certificate has to be for.
enum VerifiedName: Equatable, Sendable {
    case host(String)
    case address(String)

    /// Takes a host as it stands in a URL: brackets of an IPv6 address, its zone and a closing dot are no part of what
    /// a certificate says.
    init(_ text: String) throws(TLSError) {
        let unbracketed = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        let address = IPv6Zone.removed(from: unbracketed)
        guard IPAddress.bytes(of: address) == nil else {
            self = .address(address)
            return
        }
        guard case .name(let name)? = try? HostName(text) else { throw .invalidName(text) }
        self = .host(name.hasSuffix(".") ? String(name.dropLast()) : name)
    }

    /// The name without decoration.
    var text: String {
        switch self {
        case .host(let text), .address(let text): text
        }
    }
}
