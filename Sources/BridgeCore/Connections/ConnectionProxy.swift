import NIOConcurrencyHelpers
import WSClient

/// The proxy of a connection's attempts, its password as it was when the attempt began.
final class ConnectionProxy: Sendable {
    private let configuration: ProxyConfiguration
    private let current: NIOLockedValueBox<ProxyConfiguration>

    init(_ configuration: ProxyConfiguration) {
        self.configuration = configuration
        current = NIOLockedValueBox(configuration)
    }

    var readsFile: Bool { configuration.readsFile }

    /// Reads the password anew, which may wait for a file; returns what is secret.
    func renew() throws -> [String] {
        guard readsFile else { return [] }
        let renewed = try configuration.withPasswordRead()
        current.withLockedValue { $0 = renewed }
        return ProxySecrets.values(of: renewed)
    }

    /// The proxy for this server; `nil` is the direct way.
    func proxy(for url: WebSocketURL) throws -> WebSocketProxy? {
        try current.withLockedValue { $0 }.proxy(for: url)
    }
}
