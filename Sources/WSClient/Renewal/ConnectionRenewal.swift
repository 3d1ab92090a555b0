import Logging
import NIOCore

/// Makes the next connection beside the present one: fresh credentials, an attempt, the owner's first words over it.
///
/// Confined to its event loop. It tells the client once that it is ready, or that it failed.
final class ConnectionRenewal {
    private enum Phase {
        case fetching
        case connecting
        /// The owner holds the gate.
        case preparing
        case ready
        case over
    }

    private unowned let client: WebSocketClient
    private var phase = Phase.fetching
    private var fetch: CredentialFetch?
    private var attempt: ConnectAttempt?
    private(set) var connection: ConnectionHandler?
    private(set) var credentials: RequestCredentials?
    private(set) var expires: NIODeadline?
    private(set) var subprotocol: String?
    private var successor: WebSocketSuccessor?

    init(of client: WebSocketClient) {
        self.client = client
    }

    var isReady: Bool {
        switch phase {
        case .ready: true
        case .fetching, .connecting, .preparing, .over: false
        }
    }

    func start(from source: any WebSocketCredentialSource) {
        let deadline = client.eventLoop.now + TimeAmount(client.configuration.connectTimeout)
        fetch = CredentialFetch(from: source, eventLoop: client.eventLoop) { [weak self] result in
            self?.fetched(result, deadline)
        }
        fetch?.start(client.credentialRequest(isFresh: true), by: deadline)
    }

    private func fetched(_ result: Result<WebSocketCredentials, ConnectionFailure>, _ deadline: NIODeadline) {
        fetch = nil
        do {
            let fresh = try result.get()
            if let expires = fresh.expires, let present = client.credentialExpiry, expires <= present {
                return fail(ConnectionFailure("there is no newer credential yet"))
            }
            let credentials = try client.requestCredentials(fresh)
            guard !client.refusals.areUseless(credentials.identity) else {
                let times = RefusedCredentials.most
                return fail(ConnectionFailure("there is no credential that the server did not refuse \(times) times"))
            }
            self.credentials = credentials
            expires = fresh.expires
            phase = .connecting
            let attempt = ConnectAttempt(
                client.configuration,
                credentials: credentials,
                eventLoop: client.eventLoop,
                connector: client.connector,
                owner: self
            )
            self.attempt = attempt
            attempt.start(by: deadline)
        } catch {
            fail(ConnectionFailure(error, server: client.configuration.url.server))
        }
    }

    // MARK: The owner's gate

    func becameReady() {
        guard case .preparing = phase else { return }
        phase = .ready
        client.renewalBecameReady(self)
    }

    func givenUp(because reason: String) {
        switch phase {
        case .preparing, .ready: fail(ConnectionFailure(reason))
        case .fetching, .connecting, .over: break
        }
    }

    /// The connection takes over: it is the client's from now on.
    func handOver() -> ConnectionHandler? {
        phase = .over
        endPreparation()
        return connection
    }

    /// Ends it; the client hears nothing more of it.
    func abandon() {
        guard let connection = close() else { return }
        connection.close(.normalClosure, because: "not needed")
    }

    private func fail(_ failure: ConnectionFailure) {
        if case .over = phase { return }
        if failure.refusesCredentials { client.refusals.refused(credentials?.identity) }
        close()?.close(.normalClosure, because: failure.reason)
        client.renewal(self, failed: failure)
    }

    @discardableResult
    private func close() -> ConnectionHandler? {
        phase = .over
        fetch?.abandon()
        fetch = nil
        attempt?.abandon()
        attempt = nil
        let abandoned = successor?.abandoned
        endPreparation()
        abandoned?()
        connection?.owner = nil
        return connection
    }

    private func endPreparation() {
        successor?.renewal = nil
        successor?.received = nil
        successor?.abandoned = nil
        successor = nil
    }
}

extension ConnectionRenewal: ConnectAttemptOwner {
    func attempt(_ attempt: ConnectAttempt, connectedTo address: String) {
        client.logDetail { "renewal: TCP connected to \(address)" }
    }

    func attempt(_ attempt: ConnectAttempt, redirectedTo url: WebSocketURL) {
        client.delegate?.webSocketClient(client, redirectedTo: url)
        client.logDetail { Redactor(client.allSecrets).redact("renewal: redirected to \(url)") }
    }

    func attempt(
        _ attempt: ConnectAttempt,
        establishedOn channel: any Channel,
        subprotocol: String?,
        compression: CompressionAgreement?,
        rest: ByteBuffer
    ) {
        self.attempt = nil
        let connection: ConnectionHandler
        do {
            connection = try client.makeConnection(on: channel, compression)
        } catch {
            channel.close(promise: nil)
            return fail(ConnectionFailure(error, server: client.configuration.url.server))
        }
        connection.owner = self
        if client.isReadingPaused { connection.pauseReading() }
        self.connection = connection
        self.subprotocol = subprotocol
        phase = .preparing
        client.updateCommsLog()
        client.greet(connection)
        let successor = WebSocketSuccessor(subprotocol: subprotocol, renewal: self)
        self.successor = successor
        if let delegate = client.delegate {
            delegate.webSocketClient(client, prepares: successor)
        } else {
            successor.becomeReady()
        }
        connection.begin(with: rest)
    }

    func attempt(_ attempt: ConnectAttempt, failed failure: ConnectionFailure) {
        fail(failure)
    }

    func attempt(_ attempt: ConnectAttempt, detail: @autoclosure () -> String) {
        client.logDetail { "renewal: \(detail())" }
    }

    func attempt(_ attempt: ConnectAttempt, warning: String) {
        client.logger.warning("\(warning)")
    }
}

/// Until it takes over.
extension ConnectionRenewal: ConnectionOwner {
    func connection(_ connection: ConnectionHandler, received batch: WebSocketMessageBatch) {
        if let received = successor?.received {
            received(batch)
        } else {
            client.connection(connection, received: batch)
        }
    }

    func connection(_ connection: ConnectionHandler, rejected count: Int, because reason: WebSocketRejection) {
        client.connection(connection, rejected: count, because: reason)
    }

    func connectionBecameWritable(_ connection: ConnectionHandler) {}

    func connection(_ connection: ConnectionHandler, wroteThrough position: Int) {}

    func connection(_ connection: ConnectionHandler, leftUnread reason: String) {
        client.logDetail { "renewal: \(reason)" }
    }

    func connection(_ connection: ConnectionHandler, ended failure: ConnectionFailure) {
        fail(failure)
    }

    func connection(_ connection: ConnectionHandler, detail: @autoclosure () -> String) {
        client.logDetail { "renewal: \(detail())" }
    }
}
