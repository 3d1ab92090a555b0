package import TLS

/// A URL that names a server, taken apart (RFC 3986, section 3): the one reader for the URLs of WebSocket servers,
/// brokers, token endpoints and proxies, whatever their schemes.
///
/// Strict: what a server might read differently from us is refused with an error that says what to write instead.
package struct ServerURL: Equatable, Sendable {
    /// In lower case; whoever reads the URL knows which ones are good.
    package let scheme: String
    /// `user:password` or `user`, percent-decoded; a secret.
    package let userInfo: String?
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    package let host: String
    /// From 1 to 65535; `nil` where none is written, or 0.
    package let port: Int?
    /// Path and query, percent-encoded as written: empty, or begins with `/`.
    package let target: String

    /// - Throws: `WebSocketURLError`, which shows no user name, password or query.
    package init(_ text: String) throws(WebSocketURLError) {
        guard !text.isEmpty else { throw .empty }
        try Self.refuseUnencoded(text)
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { throw .missingScheme }
        let rest = text[colon...].dropFirst(3)
        guard !rest.contains("#") else { throw .fragment }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let tail = rest[end...]

        scheme = text[..<colon].lowercased()
        var authority = rest[..<end]
        if let at = authority.lastIndex(of: "@") {
            userInfo = try Self.userInfo(authority[..<at])
            authority = authority[authority.index(after: at)...]
        } else {
            userInfo = nil
        }
        let place = try HostAndPort(authority)
        host = place.host.text
        port = place.port == 0 ? nil : place.port
        target = tail.hasPrefix("?") ? "/" + tail : String(tail)
        guard PercentEncoding.isValid(target) else { throw .invalidPercentEncoding }
    }

    /// Refuses what can't go into a request line as it stands: the path of a request, with its query.
    package static func check(target: String) throws(WebSocketURLError) {
        try refuseUnencoded(target)
        guard !target.contains("#") else { throw .fragment }
        guard target.hasPrefix("/") else { throw .relativePath }
        guard PercentEncoding.isValid(target) else { throw .invalidPercentEncoding }
    }

    static func refuseUnencoded(_ text: String) throws(WebSocketURLError) {
        for scalar in text.unicodeScalars where scalar.value <= 0x20 || scalar.value >= 0x7F {
            throw .forbiddenCharacter(scalar)
        }
    }

    private static func userInfo(_ text: Substring) throws(WebSocketURLError) -> String {
        guard let decoded = PercentEncoding.decoded(text) else { throw .invalidPercentEncoding }
        if let control = decoded.unicodeScalars.first(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            throw .forbiddenCharacter(control)
        }
        return decoded
    }
}

/// `HOST` or `HOST:PORT`, an IPv6 address in brackets: in URLs and for sockets alike.
package struct HostAndPort: Equatable, Sendable {
    package let host: HostName
    /// From 0 to 65535; `nil` where none is written.
    package let port: Int?

    /// - Throws: `WebSocketURLError`, which shows nothing of the text.
    package init(_ text: Substring) throws(WebSocketURLError) {
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { throw .invalidIPv6 }
            let inner = text[text.index(after: text.startIndex)..<bracket]
            let rest = text[text.index(after: bracket)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw .notAHost }
            guard inner.contains(":") else { throw .invalidIPv6 }
            do throws(HostNameError) {
                self.host = try HostName(Self.zoneDecoded(inner))
            } catch {
                throw [.zone, .noZone].contains(error) ? .host(error) : .invalidIPv6
            }
            self.port = try Self.port(rest.dropFirst())
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            let rest = text[colon...].dropFirst()
            guard !rest.contains(":") else { throw .unbracketedIPv6 }
            do throws(HostNameError) {
                self.host = try HostName(String(text[..<colon]))
            } catch {
                throw .host(error)
            }
            self.port = try Self.port(rest)
        }
    }

    /// `%25` in front of a zone is RFC 6874's `%`; a plain `%`, as other tools write it, is taken too.
    private static func zoneDecoded(_ address: Substring) -> String {
        guard let percent = address.firstIndex(of: "%") else { return String(address) }
        let zone = address[percent...].dropFirst()
        return address[..<percent] + "%" + (zone.hasPrefix("25") && zone.count > 2 ? zone.dropFirst(2) : zone)
    }

    private static func port(_ text: Substring) throws(WebSocketURLError) -> Int? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(text), (0...65535).contains(port)
        else { throw .invalidPort }
        return port
    }
}
