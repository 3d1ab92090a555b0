package import WSClient

/// `proxy:` of a connection: the way to its server, and to its token endpoint.
package enum ProxyConfiguration: Sendable, Hashable {
    /// What the environment variables say: the default.
    case environment(ProxyEnvironment)
    /// The direct way, whatever the environment says.
    case none
    /// This one; a password that stands outside of its URL is read anew at each attempt.
    case server(WebSocketProxy, password: Secret?)

    /// The proxy for this server; `nil` is the direct way.
    ///
    /// - Throws: an error whose description says what is wrong, and never a secret.
    package func proxy(for url: WebSocketURL) throws -> WebSocketProxy? {
        switch self {
        case .environment(let environment):
            return try environment.proxy(for: url)?.proxy
        case .none:
            return nil
        case .server(var proxy, let password):
            guard let password else { return proxy }
            proxy.password = try SecretReader.read(password)
            try proxy.checkCredentials()
            return proxy
        }
    }

    /// The same with the password itself instead of its file's name.
    func withPasswordRead() throws(SecretError) -> ProxyConfiguration {
        guard case .server(let proxy, let password?) = self else { return self }
        return .server(proxy, password: .literal(try SecretReader.read(password)))
    }

    /// Whether the file names a proxy that TLS is spoken to.
    var isSecure: Bool {
        guard case .server(let proxy, _) = self else { return false }
        return proxy.kind == .https
    }

    /// Whether `proxy(for:)` reads a file.
    var readsFile: Bool {
        guard case .server(_, let password?) = self else { return false }
        return password.isFile
    }
}

extension ConnectionConfiguration {
    /// What `proxy` counts for, and what the connection does there.
    var proxied: [(doing: String, url: WebSocketURL)] {
        [("goes", endpoint)] + (oauth2.map { [("asks for tokens", $0.tokenEndpoint.url)] } ?? [])
    }

    /// Proxies that only the environment names are to be said aloud: `goes through the proxy http://10.0.0.1:3128
    /// (https_proxy)`.
    package var environmentProxies: [String] {
        guard case .environment(let environment) = proxy else { return [] }
        return proxied.compactMap { doing, url in
            guard let choice = try? environment.proxy(for: url) else { return nil }
            return "\(doing) through the proxy \(choice.proxy) (\(choice.variable))"
        }
    }
}
