import TLS

/// The proxies that the usual environment variables name: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, or the
/// same in capitals.
///
/// A `ws` server is reached through `http_proxy`, a `wss` server through `https_proxy`, either through `all_proxy` where
/// that is not set. Lower case goes before capitals, an empty variable counts as none. What is on this machine
/// (`localhost`, `127.0.0.0/8`, `::1`, a Unix socket) never goes through them.
public struct ProxyEnvironment: Sendable, Hashable {
    /// A proxy, and the variable that named it.
    public struct Choice: Sendable, Hashable {
        /// The proxy.
        public var proxy: WebSocketProxy
        /// `https_proxy`, for example.
        public var variable: String
    }

    /// Which variable can't be used, and why.
    public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// `https_proxy`, for example.
        public var variable: String
        /// What is wrong with its value.
        public var error: WebSocketProxyError

        /// Names the variable, and shows nothing of its value.
        public var description: String { "the environment variable \(variable): \(error)" }
    }

    private var values: [String: String] = [:]
    private var exceptions = NoProxyList("")

    /// None at all.
    public init() {}

    /// Takes what it needs from an environment.
    public init(_ environment: [String: String]) {
        for name in ["http_proxy", "https_proxy", "all_proxy"] {
            for spelling in [name, name.uppercased()] where !(environment[spelling] ?? "").isEmpty {
                values[spelling] = environment[spelling]
            }
        }
        let list = ["no_proxy", "NO_PROXY"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        exceptions = NoProxyList(list ?? "")
    }

    /// The proxy for this server; `nil` means the direct way.
    ///
    /// - Throws: `Problem` where the variable that applies holds no proxy's URL.
    public func proxy(for url: WebSocketURL) throws(Problem) -> Choice? {
        guard url.socketPath == nil, !values.isEmpty, !HostName.isLoopback(url.host),
            !exceptions.matches(host: url.host, port: url.port)
        else { return nil }
        for name in [url.isSecure ? "https_proxy" : "http_proxy", "all_proxy"] {
            for spelling in [name, name.uppercased()] {
                guard let value = values[spelling] else { continue }
                do throws(WebSocketProxyError) {
                    // Many write only host and port, which means HTTP.
                    let proxy = try WebSocketProxy(value.contains("://") ? value : "http://" + value)
                    return Choice(proxy: proxy, variable: spelling)
                } catch {
                    throw Problem(variable: spelling, error: error)
                }
            }
        }
        return nil
    }
}

extension ProxyEnvironment: CustomStringConvertible, CustomReflectable {
    /// Names the variables only: their values may hold a password.
    public var description: String { values.keys.sorted().joined(separator: ", ") }

    /// Shows nothing that `description` hides.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
