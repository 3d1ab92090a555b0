import NIOCore
import NIOPosix
import WSClient

/// A bearer token by OAuth 2 client credentials, kept until shortly before it expires.
final class OAuthAuthorization: AuthorizationSource {
    let isRenewable = true
    private let configuration: OAuthConfiguration
    private let eventLoop: any EventLoop
    private let learned: ([String]) -> Void
    private let warn: (String) -> Void
    private var kept: (authorization: Authorization, until: NIODeadline?)?
    /// Asked for, and not here yet: whoever asks meanwhile gets the same.
    private var underWay: EventLoopFuture<Authorization>?

    /// `learned` is told of secrets before they are sent anywhere.
    init(
        _ configuration: OAuthConfiguration,
        eventLoop: any EventLoop,
        learned: @escaping ([String]) -> Void,
        warn: @escaping (String) -> Void
    ) {
        self.configuration = configuration
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
        let authorization = secret().assumeIsolated().flatMap { secret in self.fetch(secret) }.nonisolated()
        underWay = authorization
        // Not before it is remembered: it may be here already.
        authorization.assumeIsolated().whenComplete { _ in self.underWay = nil }
        return authorization
    }

    private func secret() -> EventLoopFuture<String> {
        let secret = configuration.clientSecret
        guard secret.isFile else { return eventLoop.makeCompletedFuture { try SecretReader.read(secret) } }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try SecretReader.read(secret) }
    }

    private func fetch(_ secret: String) -> EventLoopFuture<Authorization> {
        let request = OAuthRequest(configuration, secret: secret)
        learned(request.secrets)
        let exchange = TokenExchange(request, with: configuration, eventLoop: eventLoop, warn: warn)
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
