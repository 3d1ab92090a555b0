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
        case tls
        case handshake
        case over
    }

    let eventLoop: any EventLoop
    private let configuration: WebSocketClientConfiguration
    private let credentials: RequestCredentials
    private let connector: Connector
    private weak var owner: (any ConnectAttemptOwner)?

    private var url: WebSocketURL
    private var redirect: Redirect
    private var phase = Phase.connecting
    private var channel: (any Channel)?
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
        channel?.close(promise: nil)
        owner = nil
    }

    private func connect() {
        phase = .connecting
        owner?.attempt(self, detail: "connecting to \(url)")
        let tls: TLSContext?
        let request: HandshakeRequest
        do {
            tls = url.isSecure ? try makeTLS() : nil
            request = try makeRequest()
        } catch {
            return fail(ConnectionFailure(error, server: url.server))
        }
        // A little later than our own deadline, which says more.
        connector.connect(url, timeout + .seconds(1), eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel, tls, request)
            case .failure(let error): self.fail(ConnectionFailure(error, server: self.url.server))
            }
        }
    }

    private func makeTLS() throws -> TLSContext {
        // Anew for each attempt, for certificates and keys may have been replaced.
        let context = try TLSContext(configuration.tls, host: url.host, applicationProtocols: ["http/1.1"])
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
            headers: isAtHome ? credentials.headers : credentials.headersForOthers
        )
    }

    private func connected(_ channel: any Channel, _ tls: TLSContext?, _ request: HandshakeRequest) {
        guard phase == .connecting else { return channel.close(promise: nil) }
        self.channel = channel
        phase = tls == nil ? .handshake : .tls
        owner?.attempt(self, connectedTo: channel.remoteAddress?.description ?? url.server)
        // The owner may have changed its mind.
        guard phase != .over else { return }
        let handshake = HandshakeHandler(
            request: request,
            tlsCompleted: { self.tlsCompleted($0) },
            report: { self.handshakeEnded($0, on: channel) }
        )
        do {
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(TLSClientHandler(context: tls)) }
            try pipeline.addHandler(handshake)
            try channel.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            fail(ConnectionFailure(error, server: url.server))
        }
    }

    private func tlsCompleted(_ event: TLSHandshakeCompleted) {
        phase = .handshake
        let certificate = event.peerCertificate.map { ", \($0)" } ?? ""
        owner?.attempt(self, detail: "\(event.protocolVersion) with \(event.cipher)\(certificate)")
    }

    private func handshakeEnded(_ outcome: HandshakeHandler.Outcome, on channel: any Channel) {
        guard phase != .over else { return }
        switch outcome {
        case .established(let subprotocol, let rest):
            let owner = finish()
            owner?.attempt(self, establishedOn: channel, subprotocol: subprotocol, rest: rest)
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
        case .connecting: fail(ConnectionFailure("no connection to \(url.server) \(limit)"))
        case .tls: fail(ConnectionFailure("no TLS handshake with \(url.server) \(limit)"))
        case .handshake: fail(ConnectionFailure("no answer to the WebSocket handshake from \(url.server) \(limit)"))
        case .over: break
        }
    }

    private func fail(_ failure: ConnectionFailure) {
        guard phase != .over else { return }
        // First: the closing channel has a reason of its own to tell.
        let owner = finish()
        channel?.close(promise: nil)
        owner?.attempt(self, failed: failure)
    }

    private func finish() -> (any ConnectAttemptOwner)? {
        phase = .over
        deadline?.cancel()
        let owner = owner
        self.owner = nil
        return owner
    }
}
