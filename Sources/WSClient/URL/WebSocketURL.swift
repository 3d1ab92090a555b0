import NIOCore
import TLS

/// Where a WebSocket server is: `ws://` or `wss://`, host, port, path and query (RFC 6455, section 3), or
/// `ws+unix:/SOCKET:/PATH` for a server on a Unix domain socket.
///
/// Strict: what a server might read differently from us is refused with an error that says what to write instead.
public struct WebSocketURL: Sendable, Hashable {
    /// Whether TLS carries the connection (`wss`).
    public let isSecure: Bool
    /// A name, an IPv4 address, or an IPv6 address without brackets, perhaps with a zone (`fe80::1%eth0`).
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

    /// Reads a URL as a person writes it; port 0 is the scheme's default.
    ///
    /// - Throws: `WebSocketURLError`, whose text says what to write instead.
    public init(_ text: String) throws(WebSocketURLError) {
        guard !text.isEmpty else { throw .empty }
        try ServerURL.refuseUnencoded(text)
        if let unix = try UnixSocketURL(text) {
            self.init(unix)
            return
        }
        let url = try ServerURL(text)
        guard url.scheme == "ws" || url.scheme == "wss" else { throw .unsupportedScheme(String(url.scheme.prefix(20))) }
        self.init(url, isSecure: url.scheme == "wss")
    }

    /// Takes a URL whose scheme the caller knows, such as a token endpoint's: to proxies and TLS `https` is what `wss` is.
    package init(_ url: ServerURL, isSecure: Bool) {
        self.isSecure = isSecure
        host = url.host
        port = url.port ?? Self.defaultPort(isSecure: isSecure)
        path = url.target.isEmpty ? "/" : url.target
        userInfo = url.userInfo
        socketPath = nil
    }

    /// Stands where an address can't be read, so that what is wrong beside it can be.
    package static let nowhere = WebSocketURL()

    private init() {
        isSecure = true
        host = "localhost"
        port = Self.defaultPort(isSecure: true)
        path = "/"
        userInfo = nil
        socketPath = nil
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
    package func withPath(_ path: String) throws(WebSocketURLError) -> WebSocketURL {
        if let socketPath { return try WebSocketURL(socketPath: socketPath, path: path) }
        return try WebSocketURL(isSecure: isSecure, host: host, port: port, path: path, userInfo: userInfo)
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
        let unbracketed = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        do throws(HostNameError) {
            self.host = try HostName(unbracketed).text
        } catch {
            throw .host(error)
        }
        try ServerURL.check(target: path)
        guard (0...65535).contains(port) else { throw .invalidPort }

        self.isSecure = isSecure
        self.port = port == 0 ? Self.defaultPort(isSecure: isSecure) : port
        self.path = path
        self.userInfo = userInfo
        self.socketPath = nil
    }

    /// 443 for `wss`, 80 for `ws`.
    public static func defaultPort(isSecure: Bool) -> Int { isSecure ? 443 : 80 }

    /// The host as it stands in a Host header: an IPv6 address in brackets and without its zone, the port if it isn't the
    /// default.
    package var hostHeader: String {
        let name = HostName.bracketed(IPv6Zone.removed(from: host))
        return port == Self.defaultPort(isSecure: isSecure) ? name : "\(name):\(port)"
    }

    /// Host and port as others are told them, a proxy among them: without a zone.
    var authority: String {
        "\(HostName.bracketed(IPv6Zone.removed(from: host))):\(port)"
    }

    /// Host and port, as reasons name a server.
    var server: String {
        if let socketPath { readable(socketPath, limit: 200) } else { "\(HostName.bracketed(host)):\(port)" }
    }
}

extension WebSocketURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL as logs show it: without user name and password, and of the query no more than that there is one.
    public var description: String {
        let question = path.firstIndex(of: "?")
        let shown = question.map { path[..<$0] + "?…" } ?? path[...]
        if let socketPath { return "ws+unix:\(readable(socketPath, limit: 200)):\(shown)" }
        let zone = IPv6Zone(of: host).map { "%25\($0.name)]" } ?? "]"
        return (isSecure ? "wss://" : "ws://") + hostHeader.replacing("]", with: zone) + shown
    }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows nothing that `description` hides.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
