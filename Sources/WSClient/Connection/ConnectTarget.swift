/// What a TCP or Unix socket connection is opened to: the server itself, or the proxy before it.
struct ConnectTarget: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    /// Where the way leads in the end.
    let url: WebSocketURL
    let place: Place
    /// As reasons name it.
    let name: String

    init(_ url: WebSocketURL) {
        self.url = url
        name = url.server
        place = url.socketPath.map { .unix(path: $0) } ?? .tcp(host: url.host, port: url.port)
    }

    init(_ proxy: WebSocketProxy, before url: WebSocketURL) {
        self.url = url
        name = proxy.name
        place = .tcp(host: proxy.host, port: proxy.port)
    }
}
