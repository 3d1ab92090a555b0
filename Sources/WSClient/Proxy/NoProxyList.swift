import TLS

/// The servers that `no_proxy` excepts, separated by commas or blanks.
///
/// `*` excepts all; `example.com` and `.example.com` that name and all below it; `10.0.0.0/8` and `2001:db8::/32` a
/// network; an address itself. An entry may end with `:PORT` and then excepts that port only. Names are not looked up.
struct NoProxyList: Sendable, Hashable {
    private enum Server: Hashable {
        case all
        /// In lower case, without a dot at either end.
        case name(String)
        case network([UInt8], prefix: Int)
    }

    private struct Entry: Hashable {
        var server: Server
        var port: Int?
    }

    private let entries: [Entry]

    /// What can't be read as an entry excepts nothing.
    init(_ text: String) {
        entries = text.split { $0 == "," || $0.isWhitespace }.compactMap(Self.entry)
    }

    func matches(host: String, port: Int) -> Bool {
        let address = IPAddress.bytes(of: host)
        let name = Self.trimmed(host[...])
        return entries.contains { entry in
            guard entry.port == nil || entry.port == port else { return false }
            switch entry.server {
            case .all: return true
            case .name(let suffix): return address == nil && (name == suffix || name.hasSuffix("." + suffix))
            case .network(let network, let prefix):
                return address.map { Self.isSame($0, network, bits: prefix) } ?? false
            }
        }
    }

    private static func entry(_ text: Substring) -> Entry? {
        if text == "*" { return Entry(server: .all) }
        if let slash = text.firstIndex(of: "/") {
            guard let network = IPAddress.bytes(of: String(text[..<slash])),
                let prefix = Int(text[text.index(after: slash)...]), (0...network.count * 8).contains(prefix)
            else { return nil }
            return Entry(server: .network(network, prefix: prefix))
        }
        if let address = IPAddress.bytes(of: String(text)) {
            return Entry(server: .network(address, prefix: address.count * 8))
        }
        var host = text
        var port: Int?
        if let colon = text.lastIndex(of: ":") {
            guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else { return nil }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        if host == "*" { return Entry(server: .all, port: port) }
        if let address = IPAddress.bytes(of: String(host)) {
            return Entry(server: .network(address, prefix: address.count * 8), port: port)
        }
        let name = trimmed(host.hasPrefix("*.") ? host.dropFirst(2) : host)
        return name.isEmpty ? nil : Entry(server: .name(name), port: port)
    }

    private static func trimmed(_ name: Substring) -> String {
        var name = name
        if name.hasPrefix(".") { name.removeFirst() }
        if name.hasSuffix(".") { name.removeLast() }
        return name.lowercased()
    }

    private static func isSame(_ left: [UInt8], _ right: [UInt8], bits: Int) -> Bool {
        guard left.count == right.count else { return false }
        let whole = bits / 8
        guard left[..<whole] == right[..<whole] else { return false }
        guard bits % 8 > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - bits % 8))
        return left[whole] & mask == right[whole] & mask
    }
}
