import WSClient

/// The keys of `connections.NAME.proxy`.
enum ProxyKeys {
    static let url = Key(
        "url",
        .text("a URL such as http://10.0.0.1:3128") { text in
            do throws(WebSocketProxyError) {
                _ = try WebSocketProxy(text)
                return text.contains("@") ? "write username and password beside url" : nil
            } catch {
                return error.description
            }
        },
        default: "",
        "`http://` and `https://` are asked by CONNECT; `socks5://` looks the server's name up itself."
    )
    static let username = Key("username", .text(), default: "none", "Who we are to the proxy.")
    static let password = password(for: .text)

    static func password(for use: SecretUse) -> Key<Secret> {
        Key(
            "password",
            .secret(for: use),
            default: "none",
            "A text, or `{ file: PATH }`, which is read again at each attempt."
        )
    }

    static let place = Place(
        id: "proxy",
        path: "connections.NAME.proxy",
        meaning: "The proxy on the way to the server, with what it asks for.",
        holdsSecrets: true,
        keys: [url.described, username.described, password.described]
    )
}

extension ValueType<ProxyConfiguration> {
    /// `none`, `environment`, a URL, or a mapping.
    static var proxy: Self {
        let words = "a URL such as http://10.0.0.1:3128, a mapping, environment or none"
        let schema: JSONLiteral = ["anyOf": [["type": "string"], .reference("proxy")]]
        return ValueType(words, schema: schema, write: text(of:)) { node, field in
            if case .mapping(let entries) = node.content {
                let reader = MappingReader(entries, of: ProxyKeys.place, field: field, position: node.position)
                return ProxySection.read(reader)
            }
            guard let scalar = scalar(node, field, words) else { return nil }
            return ProxySection.read(scalar, node, field)
        }
    }
}

/// As it would be written, without a password.
@Sendable private func text(of proxy: ProxyConfiguration) -> String {
    switch proxy {
    case .environment: "environment"
    case .none: "none"
    case .server(let server, _): "\(server)"
    }
}

enum ProxySection {
    static func read(_ scalar: YAMLScalar, _ node: YAMLNode, _ field: Field) -> ProxyConfiguration? {
        switch scalar.text {
        case "none": return ProxyConfiguration.none
        case "environment": return .environment(field.context.defaults.proxyEnvironment)
        default: break
        }
        do throws(WebSocketProxyError) {
            let proxy = try WebSocketProxy(scalar.text)
            if let password = proxy.password {
                field.context.noteSecret(password, "the password in \(field.name)", of: scalar, at: node.position)
            }
            return .server(proxy, password: nil)
        } catch {
            let source = scalar.variables.isEmpty ? "" : ", in \(scalar.described)"
            field.error("\(field.name): \(error)\(source)", at: node.position)
            return nil
        }
    }

    static func read(_ reader: MappingReader) -> ProxyConfiguration? {
        let server = reader.contains(ProxyKeys.url.name) ? reader.read(ProxyKeys.url) : nil
        let proxy = server.flatMap { try? WebSocketProxy($0) }
        let username = reader.read(ProxyKeys.username)
        let password = reader.read(ProxyKeys.password(for: proxy?.kind == .socks5 ? .socks5Password : .text))
        guard reader.contains(ProxyKeys.url.name) else {
            reader.error("\(reader.path) needs a url, such as http://10.0.0.1:3128")
            return nil
        }
        guard reader.contains(ProxyKeys.username.name) == reader.contains(ProxyKeys.password.name) else {
            reader.error("username and password of a proxy stand together")
            return nil
        }
        // What is wrong with them was said.
        guard (username == nil) == (password == nil) else { return nil }
        guard var proxy else { return nil }
        proxy.username = username
        do throws(WebSocketProxyError) {
            var complete = proxy
            // A file's length shows when it is read.
            complete.password = if case .literal(let text) = password { text } else { "x" }
            try complete.checkCredentials()
        } catch {
            reader.error(error.description, at: reader.keyPosition(ProxyKeys.username.name))
            return nil
        }
        return .server(proxy, password: password)
    }

    /// What only shows together with the connection's addresses.
    static func check(_ connection: ConnectionConfiguration, _ reader: MappingReader) {
        let name = ConnectionKeys.proxy.name
        switch connection.proxy {
        case .server where connection.endpoint.socketPath != nil && connection.oauth2 == nil:
            reader.error("a server on a Unix socket is not behind a proxy: delete proxy", at: reader.keyPosition(name))
        case .environment(let environment):
            var problems: [ProxyEnvironment.Problem] = []
            for (_, url) in connection.proxied {
                do throws(ProxyEnvironment.Problem) {
                    _ = try environment.proxy(for: url)
                } catch {
                    guard !problems.contains(error) else { continue }
                    problems.append(error)
                    reader.error("\(error), or write proxy: none", at: reader.keyPosition(name))
                }
            }
        case .server, .none:
            break
        }
    }
}
