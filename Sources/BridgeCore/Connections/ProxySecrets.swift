import WSClient

/// What a connection's proxies are told and nobody else.
enum ProxySecrets {
    static func values(of connection: ConnectionConfiguration) -> [String] {
        connection.proxied.flatMap { values(of: try? connection.proxy.proxy(for: $0.url)) }
    }

    static func values(of configuration: ProxyConfiguration) -> [String] {
        guard case .server(let proxy, let password) = configuration else { return [] }
        var known = proxy
        if case .literal(let text)? = password { known.password = text }
        return values(of: known)
    }

    static func values(of proxy: WebSocketProxy?) -> [String] {
        guard let proxy, let password = proxy.password, !password.isEmpty else { return [] }
        return [password, "\(proxy.username ?? ""):\(password)"]
    }
}
