import TLS
import WSClient

/// `protocol` of a connection.
enum WebSocketProtocol: String, Sendable, CaseIterable {
    case ws
    case wss

    static let byDefault = wss
}

/// Where a connection's server is: `url`, or `hostname`, `path`, `protocol` and `port`.
enum EndpointSection {
    /// The protocol's default.
    static let protocolsPort = 0

    static func read(_ reader: MappingReader) -> WebSocketURL? {
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

    private static func fromParts(_ reader: MappingReader) -> WebSocketURL? {
        let path = reader.read(ConnectionKeys.path) ?? WebSocketURL.defaults.path
        let `protocol` = reader.read(ConnectionKeys.protocol) ?? .byDefault
        let port = reader.read(ConnectionKeys.port) ?? protocolsPort
        guard reader.contains(ConnectionKeys.hostname.name) else {
            reader.error("\(reader.path) needs a url, such as wss://example.com/feed, or a hostname")
            return nil
        }
        guard let host = reader.read(ConnectionKeys.hostname) else { return nil }
        // Each part was checked by itself, by the same rules.
        return try? WebSocketURL(isSecure: `protocol` == .wss, host: host, port: port, path: path)
    }
}

extension ValueType<WebSocketURL> {
    static var webSocketURL: Self {
        let words = "a URL such as wss://example.com/feed"
        return ValueType(words, schema: ["type": "string", "pattern": "^(wss?://|ws\\+unix:|.*\\$\\{)"]) {
            node,
            field in
            guard let scalar = scalar(node, field, words) else { return nil }
            do throws(URLSchemes.Problem) {
                let url = try endpoint(scalar.text)
                if let userInfo = url.userInfo {
                    let password = userInfo.drop { $0 != ":" }.dropFirst()
                    field.context.noteSecret(
                        String(password),
                        "the password in \(field.name)",
                        of: scalar,
                        at: node.position
                    )
                }
                return url
            } catch {
                let source = scalar.variables.isEmpty ? "" : ", in \(scalar.described)"
                field.error("\(field.name): \(error.message)\(source)", at: node.position)
                return nil
            }
        }
    }
}

private func endpoint(_ text: String) throws(URLSchemes.Problem) -> WebSocketURL {
    guard text.lowercased().hasPrefix("ws+unix:") else {
        let url = try URLSchemes.webSocket.read(text)
        return WebSocketURL(url, isSecure: url.scheme == URLSchemes.webSocket.secure)
    }
    do throws(WebSocketURLError) {
        return try WebSocketURL(text)
    } catch {
        throw URLSchemes.Problem(message: error.description)
    }
}

extension ValueType<String> {
    /// A host without scheme, port and path; a message says where those belong.
    static var hostname: Self {
        text("a host's name or address") { text in
            if let url = try? URLSchemes.webSocket.read(text) {
                return "a scheme can't stand in hostname: write \(parts(of: url))"
            }
            if text.contains("://") {
                return "a scheme can't stand in hostname: write protocol: ws or wss, and the name alone in hostname"
            }
            if text.contains("/") || text.contains("?") {
                return "a path can't stand in hostname: write it in path"
            }
            if !text.hasPrefix("["), let zone = IPv6Zone(of: text) {
                guard zone.name.hasPrefix("25"), zone.name.count > 2 else { return HostName.problem(with: text) }
                return "%25 is for URLs: write hostname: \"\(zone.address)%\(zone.name.dropFirst(2))\""
            }
            if text.hasPrefix("[") || (text.contains(":") && IPAddress.bytes(of: text) == nil) {
                do throws(WebSocketURLError) {
                    let place = try HostAndPort(text[...])
                    guard let port = place.port else {
                        return "no brackets are needed here: write hostname: \"\(place.host.text)\""
                    }
                    return "a port can't stand in hostname: write hostname: \(place.host.text) and port: \(port)"
                } catch {
                    return error.description
                }
            }
            return HostName.problem(with: text)
        }
    }

    private static func parts(of url: ServerURL) -> String {
        var parts = ["protocol: \(url.scheme)", "hostname: \(url.host)"]
        if let port = url.port { parts.append("port: \(port)") }
        let path = url.target.prefix { $0 != "?" }
        if !path.isEmpty, path != "/" { parts.append("path: \(path)") }
        return parts.dropLast().joined(separator: ", ") + " and \(parts[parts.count - 1])"
    }

    /// Begins with `/`; goes into the request line as it is.
    static var requestPath: Self {
        text("a path that begins with '/'") { path in
            do throws(WebSocketURLError) {
                try ServerURL.check(target: path)
                return nil
            } catch {
                return error.description
            }
        }
    }
}
