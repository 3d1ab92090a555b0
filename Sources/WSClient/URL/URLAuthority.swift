import NIOCore
import TLS

/// The part of a URL between `//` and the path: user name and password, host, port (RFC 3986, section 3.2).
struct URLAuthority: Equatable {
    var userInfo: String?
    var host: String
    /// `nil` where none is written.
    var port: Int?

    init(_ text: Substring) throws(WebSocketURLError) {
        var hostAndPort = text
        if let at = text.lastIndex(of: "@") {
            guard let decoded = PercentEncoding.decoded(text[..<at]) else { throw .invalidPercentEncoding }
            if let control = decoded.unicodeScalars.first(where: { $0.value < 0x20 || $0.value == 0x7F }) {
                throw .forbiddenCharacter(control)
            }
            self.userInfo = decoded
            hostAndPort = text[text.index(after: at)...]
        }

        if hostAndPort.hasPrefix("[") {
            guard let bracket = hostAndPort.firstIndex(of: "]") else { throw .invalidIPv6(String(hostAndPort)) }
            self.host = try Self.ipv6(hostAndPort[hostAndPort.index(after: hostAndPort.startIndex)..<bracket])
            let rest = hostAndPort[hostAndPort.index(after: bracket)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw .notAHost(String(hostAndPort)) }
            self.port = try Self.port(rest.dropFirst())
        } else {
            let colon = hostAndPort.firstIndex(of: ":") ?? hostAndPort.endIndex
            let rest = hostAndPort[colon...].dropFirst()
            guard !rest.contains(":") else { throw .unbracketedIPv6 }
            self.host = try Self.name(hostAndPort[..<colon])
            self.port = try Self.port(rest)
        }
    }

    /// A host that was written on its own, an IPv6 address with or without brackets.
    static func host(standingAlone text: String) throws(WebSocketURLError) -> String {
        if text.hasPrefix("["), text.hasSuffix("]") {
            return try ipv6(text.dropFirst().dropLast())
        }
        if text.contains(where: { $0 == ":" }) {
            guard text.split(separator: ":", omittingEmptySubsequences: false).count > 2 else { throw .notAHost(text) }
            return try ipv6(text[...])
        }
        return try name(text[...])
    }

    private static func name(_ text: Substring) throws(WebSocketURLError) -> String {
        guard !text.isEmpty else { throw .missingHost }
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard isName, text.utf8.count <= 253 else { throw .notAHost(readable(String(text), limit: 80)) }
        return String(text)
    }

    private static func ipv6(_ text: Substring) throws(WebSocketURLError) -> String {
        let address = String(text)
        guard address.contains(":"), (try? SocketAddress(ipAddress: address, port: 0)) != nil else {
            throw .invalidIPv6(readable(address, limit: 80))
        }
        return address
    }

    private static func port(_ text: Substring) throws(WebSocketURLError) -> Int? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(text), (1...65535).contains(port)
        else { throw .invalidPort(readable(String(text), limit: 20)) }
        return port
    }
}
