import NIOCore
import TLS

/// What an attempt tells its owner, on its event loop.
protocol ConnectAttemptOwner: AnyObject {
    func attempt(_ attempt: ConnectAttempt, connectedTo address: String)
    /// The connection to the first server is gone, the attempt goes on with the next.
    func attempt(_ attempt: ConnectAttempt, redirectedTo url: WebSocketURL)
    /// The handshake is done; `rest` came behind it.
    func attempt(
        _ attempt: ConnectAttempt,
        establishedOn channel: any Channel,
        subprotocol: String?,
        compression: CompressionAgreement?,
        rest: ByteBuffer
    )
    func attempt(_ attempt: ConnectAttempt, failed failure: ConnectionFailure)
    /// A line for those who want to know more.
    func attempt(_ attempt: ConnectAttempt, detail: @autoclosure () -> String)
    func attempt(_ attempt: ConnectAttempt, warning: String)
}

/// One attempt to get from nothing to an established connection, within one deadline.
///
/// Confined to its event loop.
final class ConnectAttempt {
    /// How far it got, for the words that are said when the time is over.
    private enum Phase {
        case connecting
        case proxy
        case tls
        case handshake
        case over
    }

    private static let applicationProtocol = "http/1.1"

    let eventLoop: any EventLoop
    private let configuration: WebSocketClientConfiguration
    private let credentials: RequestCredentials
    private let connector: Connector
    private weak var owner: (any ConnectAttemptOwner)?

    private var url: WebSocketURL
    private var target: ConnectTarget
    private var redirect: Redirect
    private var phase = Phase.connecting
    private var pending: PendingConnection?
    private var channel: (any Channel)?
    /// Speaks with the server.
    private var handshake: HandshakeHandler?
    private var deadline: Scheduled<Void>?

    /// Makes an attempt with the user's headers.
    init(
        _ configuration: WebSocketClientConfiguration,
        credentials: RequestCredentials,
        eventLoop: any EventLoop,
        connector: Connector,
        owner: any ConnectAttemptOwner
    ) {
        self.configuration = configuration
        self.credentials = credentials
        self.eventLoop = eventLoop
        self.connector = connector
        self.owner = owner
        url = configuration.url
        target = ConnectTarget(url)
        redirect = Redirect(allowed: configuration.followRedirects)
    }

    private var timeout: TimeAmount { TimeAmount(configuration.connectTimeout) }

    /// The time began with the fetching of the credentials.
    func start(by end: NIODeadline) {
        deadline = eventLoop.assumeIsolated().scheduleTask(deadline: end) { self.timeIsOver() }
        connect()
    }

    /// Ends the attempt; the owner hears nothing more of it.
    func abandon() {
        phase = .over
        deadline?.cancel()
        handshake = nil
        _ = abandonPending()
        channel?.close(promise: nil)
        owner = nil
    }

    private func connect() {
        phase = .connecting
        let route: Route
        do {
            route = Route(
                proxy: url.socketPath == nil ? try configuration.proxy(url) : nil,
                tls: url.isSecure ? try makeTLS() : nil,
                request: try makeRequest()
            )
        } catch {
            return fail(ConnectionFailure(unusable: error, server: url.server))
        }
        owner?.attempt(self, detail: "connecting to \(url)" + (route.proxy.map { " through \($0.name)" } ?? ""))
        let target = route.proxy.map { ConnectTarget($0, before: url) } ?? ConnectTarget(url)
        self.target = target
        let pending = connector.connect(target, timeout, eventLoop) { [weak self] line in
            guard let self else { return }
            self.owner?.attempt(self, detail: line)
        }
        self.pending = pending
        pending.channel.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.opened(channel, route)
            case .failure(let error):
                // Whoever abandoned it says why.
                guard self.pending != nil else { return }
                self.fail(ConnectionFailure(error, server: target.name))
            }
        }
    }

    private func abandonPending() -> String? {
        let pending = pending
        self.pending = nil
        return pending?.abandon()
    }

    /// What the way to the present address needs.
    private struct Route {
        var proxy: WebSocketProxy?
        var tls: TLSContext?
        var request: HandshakeRequest
    }

    private func makeTLS() throws -> TLSContext {
        // Anew for each attempt, for certificates and keys may have been replaced.
        let context = try TLSContext(
            configuration.tls,
            host: url.host,
            applicationProtocols: [Self.applicationProtocol]
        )
        for warning in context.warnings { owner?.attempt(self, warning: warning) }
        return context
    }

    private func makeRequest() throws(WebSocketHeaderError) -> HandshakeRequest {
        var generator = SystemRandomNumberGenerator()
        let isAtHome = Redirect.sharesCredentials(configuration.url, url)
        return try HandshakeRequest(
            url: url,
            key: HandshakeKey(using: &generator),
            subprotocols: configuration.subprotocols,
            headers: isAtHome ? credentials.headers : credentials.headersForOthers,
            compression: configuration.compression.map(CompressionOffer.init),
            userAgent: configuration.userAgent
        )
    }

    private func opened(_ channel: any Channel, _ route: Route) {
        guard phase == .connecting else { return channel.close(promise: nil) }
        pending = nil
        self.channel = channel
        guard let proxy = route.proxy else { return connected(channel, route) }
        phase = .proxy
        owner?.attempt(self, detail: "TCP connected to \(proxy.name)")
        do {
            let (caFile, userAgent) = (configuration.tls.caFile, configuration.userAgent)
            try proxy.openWay(to: url, on: channel, caFile: caFile, userAgent: userAgent) { failure in
                self.proxyAnswered(failure, channel, route)
            }
        } catch {
            fail(ConnectionFailure(error, server: proxy.name))
        }
    }

    private func proxyAnswered(_ failure: ConnectionFailure?, _ channel: any Channel, _ route: Route) {
        guard phase == .proxy else { return }
        if let failure { return fail(failure) }
        connected(channel, route)
    }

    private func connected(_ channel: any Channel, _ route: Route) {
        phase = route.tls == nil ? .handshake : .tls
        let address =
            route.proxy.map { "\(url.server) through \($0.name)" } ?? channel.remoteAddress.flatMap(Self.shown)
        owner?.attempt(self, connectedTo: address ?? url.server)
        // The owner may have changed its mind.
        guard phase != .over else { return }
        let handshake = HandshakeHandler(
            request: route.request,
            tlsCompleted: { self.tlsCompleted($0) },
            report: { self.handshakeEnded($0, on: channel) }
        )
        self.handshake = handshake
        do {
            let pipeline = channel.pipeline.syncOperations
            if let tls = route.tls { try pipeline.addHandler(TLSClientHandler(context: tls)) }
            try pipeline.addHandler(handshake)
            try channel.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            fail(ConnectionFailure(error, server: url.server))
        }
    }

    /// `192.0.2.1:443`, `[2001:db8::1]:443`; `nil` for what has no port.
    private static func shown(_ address: SocketAddress) -> String? {
        guard let port = address.port else { return nil }
        return address.protocol == .inet6 ? "[\(address.shownHost)]:\(port)" : "\(address.shownHost):\(port)"
    }

    private func tlsCompleted(_ event: TLSHandshakeCompleted) {
        guard phase == .tls else { return }
        phase = .handshake
        // RFC 7301: a server that knows no WebSocket over anything else may insist on HTTP/2.
        if let chosen = event.applicationProtocol, chosen != Self.applicationProtocol {
            return fail(
                ConnectionFailure(
                    "server insists on \"\(readable(chosen, limit: 40))\" (ALPN), but WebSocket begins in HTTP/1.1",
                    remedy: .person
                )
            )
        }
        let certificate = event.peerCertificate.map { ", \($0)" } ?? ""
        owner?.attempt(self, detail: "\(event.protocolVersion) with \(event.cipher)\(certificate)")
    }

    private func handshakeEnded(_ outcome: HandshakeHandler.Outcome, on channel: any Channel) {
        guard phase != .over else { return }
        switch outcome {
        case .established(let subprotocol, let compression, let rest):
            let owner = finish()
            owner?.attempt(
                self,
                establishedOn: channel,
                subprotocol: subprotocol,
                compression: compression,
                rest: rest
            )
        case .redirect(let location):
            follow(location)
        case .failed(let failure):
            fail(failure)
        }
    }

    private func follow(_ location: String) {
        do throws(ConnectionFailure) {
            url = try redirect.follow(location, from: url)
        } catch {
            return fail(error)
        }
        channel?.close(promise: nil)
        channel = nil
        owner?.attempt(self, redirectedTo: url)
        guard phase != .over else { return }
        connect()
    }

    private func timeIsOver() {
        let limit = "within \(timeout.words)"
        switch phase {
        case .connecting:
            let words = abandonPending().map { ": " + $0 } ?? ""
            fail(ConnectionFailure("no connection to \(target.name) \(limit)\(words)"))
        case .proxy:
            let silent = ConnectionFailure("no way through \(target.name) to \(url.server) \(limit)")
            fail(channel.flatMap(ProxyHandler.knownFailure(on:)) ?? silent)
        case .tls: fail(ConnectionFailure("no TLS handshake with \(url.server) \(limit)"))
        case .handshake:
            let silent = ConnectionFailure("no answer to the WebSocket handshake from \(url.server) \(limit)")
            fail(handshake?.knownFailure ?? silent)
        case .over: break
        }
    }

    private func fail(_ failure: ConnectionFailure) {
        guard phase != .over else { return }
        var failure = failure
        // Where a redirect led to they were not told.
        if !Redirect.sharesCredentials(configuration.url, url) { failure.refusesCredentials = false }
        // First: the closing channel has a reason of its own to tell.
        let owner = finish()
        _ = abandonPending()
        channel?.close(promise: nil)
        owner?.attempt(self, failed: failure)
    }

    private func finish() -> (any ConnectAttemptOwner)? {
        phase = .over
        deadline?.cancel()
        handshake = nil
        let owner = owner
        self.owner = nil
        return owner
    }
}
