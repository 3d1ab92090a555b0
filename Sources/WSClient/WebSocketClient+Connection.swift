import Logging
import NIOCore

extension WebSocketClient: ConnectAttemptOwner {
    func attempt(_ attempt: ConnectAttempt, connectedTo address: String) {
        machine.tcpConnected()
        logDetail { "TCP connected to \(address)" }
        update()
        delegate?.webSocketClientConnected(self)
    }

    func attempt(_ attempt: ConnectAttempt, redirectedTo url: WebSocketURL) {
        machine.redirected()
        delegate?.webSocketClient(self, redirectedTo: url)
        let reason = Redactor(allSecrets).redact("redirected to \(url)")
        logger.info("\(reason)")
        status.reason = reason
        status.closeCode = nil
        update()
        tellDisconnected(ConnectionFailure(reason), wasEstablished: false)
    }

    func attempt(
        _ attempt: ConnectAttempt,
        establishedOn channel: any Channel,
        subprotocol: String?,
        compression: CompressionAgreement?,
        rest: ByteBuffer
    ) {
        let connection: ConnectionHandler
        do {
            connection = try makeConnection(on: channel, compression)
        } catch {
            channel.close(promise: nil)
            return ended(ConnectionFailure(error, server: configuration.url.server))
        }
        connection.owner = self
        machine.established(now: eventLoop.now)
        takeOver(connection)
        greet(connection)
        let chosen = subprotocol.map { ", subprotocol \(Redactor(allSecrets).redact($0))" }
        logger.info("established\(chosen ?? "")")
        update()
        delegate?.webSocketClient(self, establishedWith: subprotocol)
        connection.begin(with: rest)
        scheduleRenewal()
    }

    /// The handler that takes the channel over from the handshake's.
    func makeConnection(on channel: any Channel, _ compression: CompressionAgreement?) throws -> ConnectionHandler {
        let connection = ConnectionHandler(eventLoop: eventLoop, settings: connectionSettings(compression))
        let pipeline = channel.pipeline.syncOperations
        let handshake = try pipeline.handler(type: HandshakeHandler.self)
        try pipeline.addHandler(connection)
        pipeline.removeHandler(handshake, promise: nil)
        tellCompression(compression)
        return connection
    }

    /// What the configuration sends first.
    ///
    /// It goes whatever the outbound limit: it was chosen by a person.
    func greet(_ connection: ConnectionHandler) {
        for text in configuration.onEstablished {
            connection.sendUnbounded(WebSocketMessageBatch(text: text))
        }
    }

    private func tellCompression(_ agreed: CompressionAgreement?) {
        guard configuration.compression != nil else { return }
        logDetail { agreed.map { "compression agreed upon: \($0)" } ?? "server does not compress: no extension chosen" }
    }

    private func connectionSettings(_ compression: CompressionAgreement?) -> ConnectionHandler.Settings {
        let pings = configuration.keepAlive
        return ConnectionHandler.Settings(
            limits: .init(maximumMessageSize: configuration.maxMessageSize),
            compression: AgreedCompression(configuration.compression, compression),
            keepAlive: .init(
                interval: TimeAmount(pings.interval),
                timeout: TimeAmount(pings.timeout),
                sendsPings: pings.isEnabled
            ),
            closeTimeout: TimeAmount(configuration.closeTimeout),
            outboundLimit: configuration.outboundLimit,
            server: configuration.url.server,
            pausedAdvice: configuration.pausedAdvice
        )
    }

    func attempt(_ attempt: ConnectAttempt, failed failure: ConnectionFailure) {
        ended(failure)
    }

    func attempt(_ attempt: ConnectAttempt, detail: @autoclosure () -> String) {
        logDetail(detail)
    }

    func attempt(_ attempt: ConnectAttempt, warning: String) {
        logger.warning("\(warning)")
    }
}

extension WebSocketClient: ConnectionOwner {
    func connection(_ connection: ConnectionHandler, received batch: WebSocketMessageBatch) {
        if connection === retiring {
            delegate?.webSocketClient(self, receivedFromPredecessor: batch)
        } else {
            delegate?.webSocketClient(self, received: batch)
        }
    }

    func connection(_ connection: ConnectionHandler, rejected count: Int, because reason: WebSocketRejection) {
        delegate?.webSocketClient(self, rejected: count, because: reason)
    }

    func connectionBecameWritable(_ connection: ConnectionHandler) {
        guard connection === self.connection, !isDraining else { return }
        delegate?.webSocketClientBecameWritable(self)
    }

    func connection(_ connection: ConnectionHandler, wroteThrough position: Int) {
        guard connection === self.connection else { return }
        delegate?.webSocketClient(self, wroteThrough: position)
        if isDraining { takeOverSuccessorIfDrained() }
    }

    func connection(_ connection: ConnectionHandler, leftUnread reason: String) {
        logger.warning("\(reason)")
        guard connection === self.connection else { return }
        unreadEnd = reason
        update()
    }

    func connection(_ connection: ConnectionHandler, ended failure: ConnectionFailure) {
        judgePings(of: connection)
        if connection === retiring {
            retired(failure)
        } else {
            ended(failure)
        }
    }

    func connection(_ connection: ConnectionHandler, detail: @autoclosure () -> String) {
        logDetail(detail)
    }
}
