import WSClient

/// `protocol` of a connection.
enum WebSocketProtocol: String, Sendable, CaseIterable {
    case ws
    case wss

    static let byDefault = wss

    var defaultPort: Int { self == .ws ? 80 : 443 }
}

/// Where a connection's server is: `url`, or `hostname`, `path`, `protocol` and `port`.
enum EndpointSection {
    /// The protocol's default.
    static let protocolsPort = 0

    static func read(_ reader: MappingReader) -> WebSocketEndpoint? {
        let parts = [
            ConnectionKeys.hostname.name, ConnectionKeys.path.name, ConnectionKeys.protocol.name,
            ConnectionKeys.port.name,
        ]
        guard reader.contains(ConnectionKeys.url.name) else { return fromParts(reader) }
        for part in parts where reader.contains(part) {
            reader.error("\(part) can't stand beside url, which says it all", at: reader.keyPosition(part))
        }
        return reader.read(ConnectionKeys.url)
    }

    private static func fromParts(_ reader: MappingReader) -> WebSocketEndpoint? {
        let path = reader.read(ConnectionKeys.path) ?? WebSocketEndpoint.defaults.path
        let `protocol` = reader.read(ConnectionKeys.protocol) ?? .byDefault
        let port = reader.read(ConnectionKeys.port) ?? protocolsPort
        guard reader.contains(ConnectionKeys.hostname.name) else {
            reader.error("\(reader.path) needs a url, such as wss://example.com/feed, or a hostname")
            return nil
        }
        guard let host = reader.read(ConnectionKeys.hostname) else { return nil }
        return WebSocketEndpoint(
            isSecure: `protocol` == .wss,
            host: host,
            port: port == protocolsPort ? `protocol`.defaultPort : port,
            path: path
        )
    }
}

extension ValueType<WebSocketEndpoint> {
    static var webSocketURL: Self {
        let words = "a URL such as wss://example.com/feed"
        return ValueType(words, schema: ["type": "string", "pattern": "^(wss?://|ws\\+unix:|.*\\$\\{)"]) {
            node,
            field in
            guard let scalar = scalar(node, field, words) else { return nil }
            do throws(WebSocketURLError) {
                if let endpoint = try unixSocket(scalar.text) { return endpoint }
            } catch {
                let source = scalar.variables.isEmpty ? "" : ", in \(scalar.described)"
                field.error("\(field.name): \(error)\(source)", at: node.position)
                return nil
            }
            switch EndpointURL.parse(scalar.text, schemes: .webSocket) {
            case .failure(let problem):
                let source = scalar.variables.isEmpty ? "" : ", in \(scalar.described)"
                field.error("\(field.name): \(problem.message)\(source)", at: node.position)
                return nil
            case .success(let url):
                if let userInfo = url.userInfo {
                    let password = userInfo.drop { $0 != ":" }.dropFirst()
                    field.context.noteSecret(
                        String(password),
                        "the password in \(field.name)",
                        of: scalar,
                        at: node.position
                    )
                }
                let kind: WebSocketProtocol = url.isSecure ? .wss : .ws
                return WebSocketEndpoint(
                    isSecure: url.isSecure,
                    host: url.host,
                    port: url.port ?? kind.defaultPort,
                    path: url.path.isEmpty ? "/" : url.path,
                    userInfo: url.userInfo.map { .literal($0) }
                )
            }
        }
    }
}

/// `ws+unix:/SOCKET:/PATH`; `nil` for a URL of another scheme.
private func unixSocket(_ text: String) throws(WebSocketURLError) -> WebSocketEndpoint? {
    guard text.lowercased().hasPrefix("ws+unix:") else { return nil }
    let url = try WebSocketURL(text)
    return WebSocketEndpoint(
        isSecure: false,
        host: url.host,
        port: url.port,
        path: url.path,
        socketPath: url.socketPath
    )
}

extension ValueType<String> {
    /// A host without scheme, port and path; a message says where those belong.
    static var hostname: Self {
        text("a host's name or address") { text in
            if let url = try? EndpointURL.parse(text, schemes: .webSocket).get() {
                return "a scheme can't stand in hostname: write \(parts(of: url))"
            }
            if text.contains("://") {
                return "a scheme can't stand in hostname: write protocol: ws or wss, and the name alone in hostname"
            }
            if text.contains("/") || text.contains("?") {
                return "a path can't stand in hostname: write it in path"
            }
            if text.hasPrefix("[") || (text.contains(":") && HostName.problem(with: text) != nil) {
                switch SocketAddressText.split(Substring(text)) {
                case .success((let host, let port?)):
                    return "a port can't stand in hostname: write hostname: \(host) and port: \(port)"
                case .success((let host, nil)): return "no brackets are needed here: write hostname: \"\(host)\""
                case .failure(let problem): return problem.message
                }
            }
            return HostName.problem(with: text)
        }
    }

    private static func parts(of url: EndpointURL) -> String {
        var parts = ["protocol: \(url.isSecure ? "wss" : "ws")", "hostname: \(url.host)"]
        if let port = url.port { parts.append("port: \(port)") }
        let path = url.path.prefix { $0 != "?" }
        if !path.isEmpty, path != "/" { parts.append("path: \(path)") }
        return parts.dropLast().joined(separator: ", ") + " and \(parts[parts.count - 1])"
    }

    /// Begins with `/`; goes into the request line as it is.
    static var requestPath: Self {
        text("a path that begins with '/'") { path in
            if !path.hasPrefix("/") { return "the path must begin with '/'" }
            if path.contains("#") { return "what stands behind '#' is never sent: delete it" }
            guard path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                return "the path holds a space, a control character or a letter beyond ASCII: write it as %20 and so on"
            }
            return nil
        }
    }
}
