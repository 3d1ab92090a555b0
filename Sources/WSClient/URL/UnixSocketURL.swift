/// `ws+unix:/SOCKET:/PATH`, also with `//` before the socket: the socket's path, and the request's behind a colon.
///
/// There is no standard for it; this is the form that the npm package `ws` made common.
package struct UnixSocketURL: Equatable {
    /// What `sockaddr_un` takes, without the NUL at its end: Linux 107, others 103.
    #if os(Linux)
        package static let longestPath = 107
    #else
        package static let longestPath = 103
    #endif

    let socketPath: String
    let requestPath: String

    /// `nil` for a URL of another scheme.
    init?(_ text: String) throws(WebSocketURLError) {
        let scheme = "ws+unix:"
        guard text.lowercased().hasPrefix(scheme) else { return nil }
        var rest = text.dropFirst(scheme.count)
        guard !rest.contains("#") else { throw .fragment }
        if rest.hasPrefix("///") { rest = rest.dropFirst(2) }
        let end = rest.firstIndex { $0 == ":" || $0 == "?" } ?? rest.endIndex
        guard let socket = PercentEncoding.decoded(rest[..<end]) else { throw .invalidPercentEncoding }
        let tail = rest[end...]
        let path = tail.hasPrefix(":") ? tail.dropFirst() : tail
        try self.init(
            socketPath: socket,
            requestPath: path.isEmpty || path.hasPrefix("?") ? "/" + path : String(path)
        )
    }

    init(socketPath: String, requestPath: String) throws(WebSocketURLError) {
        guard socketPath.hasPrefix("/"), !socketPath.hasPrefix("//"), socketPath.utf8.count <= Self.longestPath,
            !socketPath.utf8.contains(0)
        else { throw .invalidSocketPath }
        try ServerURL.check(target: requestPath)
        self.socketPath = socketPath
        self.requestPath = requestPath
    }
}
