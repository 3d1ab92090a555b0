import TLS
import WSClient

/// What a connection's proxy is told and nobody else.
enum ProxySecrets {
    static func values(of connection: ConnectionConfiguration) -> [String] {
        guard let url = try? WebSocketURL(connection.endpoint), let proxy = try? connection.proxy.proxy(for: url),
            let password = proxy.password, !password.isEmpty
        else { return [] }
        let pair = "\(proxy.username ?? ""):\(password)"
        return [password, Base64.encode(Array(pair.utf8))]
    }
}
