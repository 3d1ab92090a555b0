package import WSClient

/// `proxy:` of a connection: the way to its server.
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
}

extension ConnectionConfiguration {
    /// A proxy that only the environment names is to be said aloud: `the proxy http://10.0.0.1:3128 (https_proxy)`.
    package var environmentProxy: String? {
        guard case .environment(let environment) = proxy, let url = try? WebSocketURL(endpoint),
            let choice = try? environment.proxy(for: url)
        else { return nil }
        return "the proxy \(choice.proxy) (\(choice.variable))"
    }
}
