import NIOCore
import TLS

/// Where a WebSocket server is: `ws://` or `wss://`, host, port, path and query (RFC 6455, section 3), or
/// `ws+unix:/SOCKET:/PATH` for a server on a Unix domain socket.
///
/// Strict: what a server might read differently from us is refused with an error that says what to write instead.
public struct WebSocketURL: Sendable, Hashable {
    /// Whether TLS carries the connection (`wss`).
    public let isSecure: Bool
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    public let host: String
    /// From 1 to 65535.
    public let port: Int
    /// The request target: begins with `/`, holds the query, percent-encoded as written.
    public let path: String
    /// `user:password` or `user`, percent-decoded.
    ///
    /// A secret: it becomes `Authorization: Basic`, never part of a URL.
    public let userInfo: String?
    /// The Unix domain socket of the server; then `host` is `localhost` and `port` says nothing.
    public let socketPath: String?

    /// Reads a URL as a person writes it.
    ///
    /// - Throws: `WebSocketURLError`, whose text says what to write instead.
    public init(_ text: String) throws(WebSocketURLError) {
        guard !text.isEmpty else { throw .empty }
        try Self.refuseUnencoded(text)
        if let unix = try UnixSocketURL(text) {
            self.init(unix)
        } else {
            try self.init(network: text)
        }
    }

    private init(network text: String) throws(WebSocketURLError) {
        let (scheme, rest) = try Self.splitScheme(text)
        guard !rest.contains("#") else { throw .fragment }

        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = try URLAuthority(rest[..<end])
        let tail = rest[end...]
        let path = tail.hasPrefix("/") ? String(tail) : "/" + tail
        guard PercentEncoding.isValid(path) else { throw .invalidPercentEncoding }

        self.isSecure = scheme == "wss"
        self.host = authority.host
        self.port = authority.port ?? Self.defaultPort(isSecure: isSecure)
        self.path = path
        self.userInfo = authority.userInfo
        self.socketPath = nil
    }

    private init(_ unix: UnixSocketURL) {
        isSecure = false
        host = "localhost"
        port = Self.defaultPort(isSecure: false)
        path = unix.requestPath
        userInfo = nil
        socketPath = unix.socketPath
    }

    /// Takes a server on a Unix domain socket.
    ///
    /// - Parameters:
    ///   - socketPath: Absolute, not percent-encoded.
    ///   - path: Begins with `/`; may hold a query.
    /// - Throws: `WebSocketURLError`, whose text says what to write instead.
    public init(socketPath: String, path: String = "/") throws(WebSocketURLError) {
        self.init(try UnixSocketURL(socketPath: socketPath, requestPath: path))
    }

    /// Another path on the same server.
    func withPath(_ path: String) throws(WebSocketURLError) -> WebSocketURL {
        if let socketPath { return try WebSocketURL(socketPath: socketPath, path: path) }
        return try WebSocketURL(isSecure: isSecure, host: host, port: port, path: path)
    }

    /// Takes the parts of a URL that were written one by one.
    ///
    /// - Parameters:
    ///   - isSecure: Whether TLS carries the connection.
    ///   - host: A name or an address; an IPv6 address with or without brackets.
    ///   - port: From 1 to 65535; 0 takes the scheme's default.
    ///   - path: Begins with `/`; may hold a query.
    ///   - userInfo: `user:password` or `user`, not percent-encoded.
    /// - Throws: `WebSocketURLError`, whose text says what to write instead.
    public init(
        isSecure: Bool,
        host: String,
        port: Int = 0,
        path: String = "/",
        userInfo: String? = nil
    ) throws(WebSocketURLError) {
        guard !host.isEmpty else { throw .missingHost }
        guard !host.contains("/"), !host.contains("@") else { throw .notAHost(WebSocketURL.withoutUserInfo(host)) }
        try Self.refuseUnencoded(host)
        try Self.refuseUnencoded(path)
        guard !path.contains("#") else { throw .fragment }
        guard path.hasPrefix("/") else { throw .relativePath }
        guard PercentEncoding.isValid(path) else { throw .invalidPercentEncoding }
        guard (0...65535).contains(port) else { throw .invalidPort(String(port)) }

        self.isSecure = isSecure
        self.host = try URLAuthority.host(standingAlone: host)
        self.port = port == 0 ? Self.defaultPort(isSecure: isSecure) : port
        self.path = path
        self.userInfo = userInfo
        self.socketPath = nil
    }

    /// 443 for `wss`, 80 for `ws`.
    public static func defaultPort(isSecure: Bool) -> Int { isSecure ? 443 : 80 }

    /// The host as it stands in a URL or a Host header: an IPv6 address in brackets, the port if it isn't the default.
    var hostHeader: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == Self.defaultPort(isSecure: isSecure) ? name : "\(name):\(port)"
    }

    /// Host and port, as reasons name a server.
    var server: String { if let socketPath { readable(socketPath, limit: 200) } else { serverAddress } }

    private var serverAddress: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func splitScheme(_ text: String) throws(WebSocketURLError) -> (scheme: String, rest: Substring) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { throw .missingScheme }
        let scheme = text[..<colon].lowercased()
        guard scheme == "ws" || scheme == "wss" else { throw .unsupportedScheme(String(scheme.prefix(20))) }
        return (scheme, text[colon...].dropFirst(3))
    }

    static func refuseUnencoded(_ text: String) throws(WebSocketURLError) {
        for scalar in text.unicodeScalars where scalar.value <= 0x20 || scalar.value >= 0x7F {
            throw .forbiddenCharacter(scalar)
        }
    }

    private static func withoutUserInfo(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return readable(text, limit: 80) }
        return readable("…" + text[at...], limit: 80)
    }
}

extension WebSocketURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL as logs show it: without user name and password, and of the query no more than that there is one.
    public var description: String {
        let question = path.firstIndex(of: "?")
        let shown = question.map { path[..<$0] + "?…" } ?? path[...]
        if let socketPath { return "ws+unix:\(readable(socketPath, limit: 200)):\(shown)" }
        return (isSecure ? "wss://" : "ws://") + hostHeader + shown
    }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows nothing that `description` hides.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
