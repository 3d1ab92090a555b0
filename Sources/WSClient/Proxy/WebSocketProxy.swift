import TLS

/// A proxy on the way to a server.
///
/// Its description holds neither user name nor password.
public struct WebSocketProxy: Sendable, Hashable {
    /// How the proxy is spoken to.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// HTTP `CONNECT` (RFC 9110, section 9.3.6).
        case http
        /// The same over TLS to the proxy.
        case https
        /// SOCKS5 (RFC 1928); the proxy looks names up.
        case socks5

        /// The port where the URL has none.
        public var defaultPort: Int {
            switch self {
            case .http: 80
            case .https: 443
            case .socks5: 1080
            }
        }
    }

    /// How the proxy is spoken to.
    public let kind: Kind
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    public let host: String
    /// From 1 to 65535.
    public let port: Int
    /// Who we are to the proxy; `nil` says nothing.
    public var username: String?
    /// A secret.
    public var password: String?

    /// Reads `http://[user:password@]host[:port]`, or the same with `https://` or `socks5://`.
    ///
    /// - Throws: `WebSocketProxyError`, whose text says what to write instead.
    public init(_ text: String) throws(WebSocketProxyError) {
        guard let end = text.firstRange(of: "://") else { throw .missingScheme }
        let scheme = text[..<end.lowerBound].lowercased()
        // curl's name for "the proxy looks names up", which ours always does.
        guard let kind = Kind(rawValue: scheme == "socks5h" ? "socks5" : scheme) else {
            throw .unsupportedScheme(readable(String(scheme), limit: 20))
        }
        let url: ServerURL
        do throws(WebSocketURLError) {
            url = try ServerURL(text)
        } catch {
            throw .authority(error)
        }
        guard url.target.isEmpty || url.target == "/" else { throw .path }
        self.kind = kind
        host = url.host
        port = url.port ?? kind.defaultPort
        if let userInfo = url.userInfo {
            let parts = userInfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            username = parts.first.map(String.init)
            password = parts.count > 1 ? String(parts[1]) : ""
        }
        try checkCredentials()
    }

    /// Refuses what the proxy's protocol can't carry.
    ///
    /// - Throws: `WebSocketProxyError`.
    public func checkCredentials() throws(WebSocketProxyError) {
        guard let username else { return }
        switch kind {
        case .socks5:
            // RFC 1929: a length byte before each.
            guard (1...255).contains(username.utf8.count), (1...255).contains((password ?? "").utf8.count) else {
                throw .credentialsLength
            }
        case .http, .https:
            guard !username.contains(":") else { throw .colonInUsername }
            if let problem = HeaderText.problem(with: username) { throw .username(problem) }
        }
    }

    /// As reasons and logs name it.
    package var name: String { "proxy \(address)" }

    /// Host and port.
    public var address: String { "\(HostName.bracketed(host)):\(port)" }
}

extension WebSocketProxy: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Scheme, host and port.
    public var description: String { "\(kind.rawValue)://\(address)" }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows nothing that `description` hides.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What is wrong with a proxy's URL, and what to write instead.
///
/// Its text holds no user name and no password.
public enum WebSocketProxyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no `://`.
    case missingScheme
    /// A scheme that names no kind of proxy that is known.
    case unsupportedScheme(String)
    /// A proxy's URL ends behind its port.
    case path
    /// User, host or port are wrong.
    case authority(WebSocketURLError)
    /// SOCKS5 carries a user name and a password of 1 to 255 bytes each.
    case credentialsLength
    /// HTTP's Basic authentication ends the user name at the first colon (RFC 7617).
    case colonInUsername
    /// A line break, a NUL or another control character in the user name, in words.
    case username(String)

    /// A sentence that says what is wrong and what to write instead.
    public var description: String {
        switch self {
        case .missingScheme:
            "a proxy's URL begins with http://, https:// or socks5://: write http://10.0.0.1:3128"
        case .unsupportedScheme(let scheme) where scheme.hasPrefix("socks4"):
            "SOCKS4 is not supported: write socks5:// if the proxy speaks it"
        case .unsupportedScheme(let scheme):
            "the scheme \"\(scheme)\" is not a proxy's: write http://, https:// or socks5://"
        case .path:
            "a proxy's URL ends with the port: write nothing behind it"
        case .authority(let error):
            error.description
        case .credentialsLength:
            "a SOCKS5 proxy takes a user name and a password of 1 to 255 bytes each"
        case .colonInUsername:
            "the user name for a proxy can't hold a colon"
        case .username(let problem):
            "the user name for a proxy \(problem)"
        }
    }
}
