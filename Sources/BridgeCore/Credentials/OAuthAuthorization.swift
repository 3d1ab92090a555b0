import NIOCore
import NIOPosix
import TLS
import WSClient

/// A bearer token by OAuth 2 client credentials, kept until shortly before it expires.
final class OAuthAuthorization: AuthorizationSource {
    let isRenewable = true
    private let configuration: OAuthConfiguration
    private let proxy: ProxyConfiguration
    private let proxyCAFile: String?
    private let userAgent: String?
    private let eventLoop: any EventLoop
    private let learned: ([String]) -> Void
    private let warn: (String) -> Void
    private var kept: (authorization: Authorization, until: NIODeadline?)?
    /// Asked for, and not here yet: whoever asks meanwhile gets the same.
    private var underWay: EventLoopFuture<Authorization>?

    /// The way to the token endpoint is chosen as the connection's own; `learned` is told of secrets before they are sent
    /// anywhere.
    init(
        _ configuration: OAuthConfiguration,
        of connection: ConnectionConfiguration,
        userAgent: String? = nil,
        eventLoop: any EventLoop,
        learned: @escaping ([String]) -> Void,
        warn: @escaping (String) -> Void
    ) {
        self.configuration = configuration
        proxy = connection.proxy
        proxyCAFile = connection.tls.caFile
        self.userAgent = userAgent
        self.eventLoop = eventLoop
        self.learned = learned
        self.warn = warn
    }

    func authorization(isFresh: Bool) -> EventLoopFuture<Authorization> {
        if isFresh { kept = nil }
        if let underWay { return underWay }
        if let kept, kept.until.map({ $0 > .now() }) ?? true {
            return eventLoop.makeSucceededFuture(kept.authorization)
        }
        kept = nil
        let authorization = inputs().assumeIsolated().flatMap { self.fetch($0) }.nonisolated()
        underWay = authorization
        // Not before it is remembered: it may be here already.
        authorization.assumeIsolated().whenComplete { _ in self.underWay = nil }
        return authorization
    }

    /// What may have changed since the last token.
    private struct Inputs: Sendable {
        var secret: String
        var dial: TCPDial
    }

    private func inputs() -> EventLoopFuture<Inputs> {
        let (configuration, proxy, proxyCAFile, userAgent) = (configuration, proxy, proxyCAFile, userAgent)
        let read = { @Sendable () throws -> Inputs in
            let url = configuration.tokenEndpoint.url
            return Inputs(
                secret: try SecretReader.read(configuration.clientSecret, for: .header),
                dial: TCPDial(
                    to: url,
                    through: try proxy.proxy(for: url),
                    proxyCAFile: proxyCAFile,
                    userAgent: userAgent
                )
            )
        }
        guard configuration.clientSecret.isFile || proxy.readsFile else {
            return eventLoop.makeCompletedFuture(withResultOf: read)
        }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop, read)
    }

    private func fetch(_ inputs: Inputs) -> EventLoopFuture<Authorization> {
        let request = OAuthRequest(configuration, secret: inputs.secret)
        learned(request.secrets + ProxySecrets.values(of: inputs.dial.proxy))
        let exchange = TokenExchange(
            request,
            with: configuration,
            over: inputs.dial,
            userAgent: userAgent,
            eventLoop: eventLoop,
            warn: warn
        )
        let configuration = configuration
        return exchange.start().assumeIsolated().map { answer in
            Result { try OAuthAnswer(answer, from: configuration.tokenEndpoint, hiding: request.secrets) }
        }.nonisolated().flatMapThrowing { try $0.get() }.assumeIsolated().map { token in
            self.keep(token)
        }.nonisolated()
    }

    private func keep(_ answer: OAuthAnswer) -> Authorization {
        let now = NIODeadline.now()
        let expires = answer.lifetime.map { now + $0 }
        let authorization = Authorization.bearer(answer.token, expires: expires)
        // Given up a little early: it has to arrive, and clocks differ.
        let until = authorization.expires.map { expires in
            expires - min(.seconds(30), .nanoseconds(max(0, (expires - now).nanoseconds) / 10))
        }
        kept = (authorization, until)
        return authorization
    }
}
