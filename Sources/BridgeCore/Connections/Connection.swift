import Logging
import NIOCore
import WSClient

/// One configured connection at work: its WebSocket client, its counters, its status topics, its commands.
///
/// Used on the gateway's event loop only.
final class Connection {
    let name: String
    let client: WebSocketClient
    let configuration: ConnectionConfiguration
    let reporter: ConnectionReporter
    let log: Logger
    private(set) var sinks: [ConnectionSink] = []
    /// What is said and watched beyond plain messages; `nil` where the configuration has nothing of the kind.
    var session: Session?
    let tally = SessionTally()
    /// The session of the connection before the present one: it still knows which of its messages are for routes.
    var retiredSession: Session?
    /// The session of the next connection, until that takes over.
    var preparation: SessionPreparation?
    var isReadingPaused = false
    /// Routes take nothing more: the gateway stops.
    private var refusesMessages = false
    /// Receives what arrives, where routes begin at this connection.
    weak var receiver: (any SourceClient)?
    private weak var hub: SourceHub?
    /// Routes into this connection whose requests are answered with what it receives.
    var replyDesks: [ReplyDesk] = []

    private var received = 0
    private let book: SecretBook
    private var failures = FailureHistory()
    private var sent = 0
    private(set) var establishments = 0
    private var renewals = 0
    private var rejected: [RejectReason: Int] = [:]
    private var since = Timestamp.now()
    private static let shutdownReason = "the gateway stops"
    private var toldState = WebSocketClientStatus.State.disconnected
    private(set) var isShuttingDown = false

    /// Makes the connection; `hiddenValues` are shown of no message, besides its own secrets, and all go into the book.
    ///
    /// `userAgent` is what servers, proxies and token endpoints are told that we are.
    init(
        _ configuration: ConnectionConfiguration,
        hiddenValues: [Secret] = [],
        secrets book: SecretBook = SecretBook(),
        publisher: StatusPublisher?,
        userAgent: String? = nil,
        eventLoop: any EventLoop,
        log: Logger
    ) throws {
        self.configuration = configuration
        name = configuration.name
        var log = log
        log[metadataKey: "connection"] = "\(name)"
        self.log = log
        self.book = book
        let secrets = KnownSecrets.values(of: configuration, hidden: hiddenValues)
        let proxy = ConnectionProxy(configuration.proxy)
        var settings = WebSocketClientConfiguration(configuration, through: proxy, secrets: secrets)
        settings.userAgent = userAgent
        client = WebSocketClient(
            configuration: settings,
            eventLoop: eventLoop,
            logger: log
        )
        client.logComms = configuration.logComms
        client.extendedLogging = configuration.extendedLogging
        reporter = ConnectionReporter(
            connection: name,
            publisher: publisher,
            redactor: Redactor(secrets),
            eventLoop: eventLoop
        )
        book.set(reporter.redactor, of: "connections.\(name)")
        session = try Session(configuration, tally: tally, eventLoop: eventLoop)
        client.delegate = self
        session?.host = self
        client.credentialSource = ConnectionCredentials(
            of: configuration,
            through: proxy,
            userAgent: userAgent,
            eventLoop: eventLoop,
            log: log
        ) { [weak self] secrets in
            self?.hide(KnownSecrets.withParts(secrets))
        }
    }

    /// Whether messages may be sent: the WebSocket is there and its session, if it has one, is through.
    var isReady: Bool { client.status.state == .established && session?.isReady ?? true }

    /// Connects, or says that it waits for a command.
    func start() {
        for way in configuration.environmentProxies { log.info("\(way)") }
        if configuration.autoConnect {
            client.connect()
        } else {
            reporter.changed(to: statusPayload)
        }
    }

    func makeSink(_ configuration: ConnectionSinkConfiguration) -> ConnectionSink {
        let sink = ConnectionSink(configuration, connection: self)
        sinks.append(sink)
        return sink
    }

    /// The hub whose full queues keep the connection from being read: shown in its status.
    func throttled(by hub: SourceHub) {
        self.hub = hub
        hub.throttleChanged = { [weak self] in
            self?.tellThrottle()
        }
    }

    private func tellThrottle() {
        reporter.throttleChanged { [weak self] in
            guard let self, !isShuttingDown else { return }
            reporter.changed(to: statusPayload)
        }
    }

    /// From here on what arrives for routes is counted as `closing`.
    func refuseMessages() {
        refusesMessages = true
        resumeReading()
    }

    func rejected(_ count: Int, because reason: RejectReason) {
        guard count > 0 else { return }
        rejected[reason, default: 0] += count
    }

    /// Switches what is logged; `nil` leaves a switch as it is.
    func log(extended: Bool?, comms: Bool?) {
        if let extended { client.extendedLogging = extended }
        if let comms { client.logComms = comms }
        log.notice("extended_logging is \(client.extendedLogging), log_comms is \(client.logComms)")
    }

    // MARK: Sending

    /// How far the outbound stream of frames goes, in bytes.
    var outboundPosition: Int { client.outboundPosition }

    /// How far the kernel took it.
    var writtenPosition: Int { client.writtenPosition }

    /// Takes messages from the front, as many as there is room for, and counts them.
    func send(_ batch: WebSocketMessageBatch) -> Int {
        let count = client.send(session?.wrap(batch) ?? batch)
        guard count > 0 else { return 0 }
        noteSent(count, of: batch)
        return count
    }

    /// Counts the first messages of a batch, and shows the last of them.
    func noteSent(_ count: Int, of batch: WebSocketMessageBatch) {
        sent += count
        noteSent(batch.messages[count - 1], of: batch)
    }

    private func noteSent(_ message: WebSocketMessage, of batch: WebSocketMessageBatch) {
        batch.withUnsafeBytes { bytes in
            reporter.sent(
                UnsafeRawBufferPointer(rebasing: bytes[message.range]),
                kind: message.kind == .text ? .text : .binary
            )
        }
    }

    // MARK: Commands

    /// Does what an operator asks for; a refusal is logged and counted.
    func perform(_ command: ConnectionCommand) -> ControlResponse {
        switch command {
        case .connect(nil):
            log.info("connect was asked for")
            client.connect()
        case .connect(let token?):
            log.info("connect with another bearer token was asked for")
            hide([token])
            client.connect(bearerToken: token)
        case .disconnect:
            log.info("disconnect was asked for")
            client.disconnect()
        case .send(let message):
            return send(message)
        }
        return ControlResponse(.ok)
    }

    func hide(_ secrets: [String]) {
        reporter.hide(secrets)
        client.secrets = reporter.redactor.values
        book.set(reporter.redactor, of: "connections.\(name)")
    }

    private func send(_ message: ByteBuffer) -> ControlResponse {
        guard isReady else {
            let state = session?.progress ?? client.status.state.rawValue
            return refuse(.notEstablished, .notEstablished, "is not established, but \(state)")
        }
        guard UTF8Validator.isValid(message) else {
            return refuse(.badRequest, .malformedCommand, "is sent text only, and this is not valid UTF-8")
        }
        guard send(WebSocketMessageBatch(message, kind: .text)) == 1 else {
            return refuse(.busy, .notEstablished, "has no room: the network does not take what was sent before")
        }
        return ControlResponse(.ok)
    }

    private func refuse(
        _ result: ControlResponse.Result,
        _ reason: RejectReason,
        _ explanation: String
    ) -> ControlResponse {
        rejected(1, because: reason)
        log.error("a message was not sent: the connection \(explanation)")
        return ControlResponse(result, message: "connection \(name) \(explanation)")
    }

    // MARK: Stopping

    /// Says on the status topics what `shutdown` is about to do.
    func announceShutdown() {
        let was = client.status
        isShuttingDown = true
        reporter.flush()
        var payload = statusPayload
        payload.state = WebSocketClientStatus.State.disconnected.rawValue
        payload.tcp = false
        payload.websocket = false
        if was.state != .disconnected { since = .now() }
        payload.since = since.description
        payload.reason = Self.shutdownReason
        payload.closeCode = was.websocket ? Int(CloseCode.goingAway.rawValue) : nil
        payload.nextAttempt = nil
        reporter.changed(to: payload)
        if was.tcp {
            reporter.disconnected(
                reason: payload.reason,
                closeCode: payload.closeCode,
                wasEstablished: was.websocket
            )
        }
    }

    /// Closes with 1001.
    func shutdown(completion: @escaping () -> Void) {
        client.shutdown(completion: completion)
    }

    // MARK: Status

    var stats: ConnectionStats {
        let status = client.status
        let throttled = hub?.throttledBy ?? []
        return ConnectionStats(
            state: isShuttingDown ? WebSocketClientStatus.State.disconnected.rawValue : status.state.rawValue,
            since: since.description,
            reason: isShuttingDown ? Self.shutdownReason : status.reason ?? session?.progress,
            received: received,
            sent: sent,
            reconnects: max(0, establishments - 1),
            renewals: renewals == 0 ? nil : renewals,
            rejected: rejected.merging(hub?.rejected ?? [:], uniquingKeysWith: +).byWord,
            throttled: throttled.isEmpty ? nil : throttled,
            compression: client.compression.map { "\($0)" },
            lastSent: reporter.lastSentPayload,
            lastReceived: reporter.lastReceivedPayload,
            failures: failures.entries.isEmpty ? nil : failures.entries,
            session: session?.stats
        )
    }

    var statusPayload: ConnectionStatusPayload {
        let status = client.status
        return ConnectionStatusPayload(
            tcp: status.tcp,
            websocket: status.websocket,
            state: status.state.rawValue,
            since: since.description,
            reason: status.reason ?? session?.progress,
            closeCode: status.closeCode.map { Int($0.rawValue) },
            attempts: status.attempts,
            nextAttempt: status.nextAttempt.map {
                Timestamp.now().advanced(by: .nanoseconds(($0 - .now()).nanoseconds)).description
            },
            throttled: hub?.throttledBy ?? []
        )
    }
}

extension Connection: WebSocketClientDelegate {
    func webSocketClient(_ client: WebSocketClient, received batch: WebSocketMessageBatch) {
        take(batch, of: session, over: .present)
    }

    func webSocketClient(_ client: WebSocketClient, receivedFromPredecessor batch: WebSocketMessageBatch) {
        take(batch, of: retiredSession, over: .predecessor)
    }

    func webSocketClientPredecessorEnded(_ client: WebSocketClient) {
        for desk in replyDesks { desk.predecessorEnded() }
    }

    /// Gives routes what the session of the connection that received it leaves of it; `leg` is `nil` for the next
    /// connection, which nobody has asked for anything yet.
    func take(_ batch: WebSocketMessageBatch, of session: Session?, over leg: OpenRequests.Leg?) {
        guard let last = batch.messages.last else { return }
        let all = MessageBatch(batch, receivedAt: client.eventLoop.now)
        let kept = session?.received(all) ?? all
        guard !refusesMessages else { return rejected(kept.count, because: .closing) }
        received += batch.count
        // What the session has learned from a message is hidden when that is shown.
        noteReceived(last, of: batch)
        guard !kept.isEmpty else { return }
        if let leg { for desk in replyDesks { desk.received(kept, over: leg) } }
        receiver?.received(kept)
    }

    private func noteReceived(_ last: WebSocketMessage, of batch: WebSocketMessageBatch) {
        batch.withUnsafeBytes { bytes in
            reporter.received(
                UnsafeRawBufferPointer(rebasing: bytes[last.range]),
                kind: last.kind == .text ? .text : .binary
            )
        }
    }

    func webSocketClient(_ client: WebSocketClient, changed status: WebSocketClientStatus) {
        guard !isShuttingDown else { return }
        if status.state != toldState { since = .now() }
        toldState = status.state
        reporter.changed(to: statusPayload)
    }

    func webSocketClient(_ client: WebSocketClient, failed reason: String) {
        failures.add(reason, at: .now())
    }

    func webSocketClientConnected(_ client: WebSocketClient) {
        guard !isShuttingDown else { return }
        reporter.triggered(.connected)
    }

    func webSocketClient(_ client: WebSocketClient, redirectedTo url: WebSocketURL) {
        hide(KnownSecrets.queryValues(in: url.path))
    }

    func webSocketClient(_ client: WebSocketClient, establishedWith subprotocol: String?) {
        guard !isShuttingDown else { return }
        establishments += 1
        reporter.triggered(.established)
        noteGreeting()
        if let session, !adoptPreparedSession() {
            session.established(subprotocol: subprotocol)
        } else {
            for sink in sinks { sink.connectionIsReady() }
        }
    }

    func webSocketClient(_ client: WebSocketClient, renewedWith subprotocol: String?, before expiry: NIODeadline?) {
        _ = adoptPreparedSession()
        for desk in replyDesks { desk.renewed() }
        guard !isShuttingDown else { return }
        renewals += 1
        let left = expiry.map { Duration.nanoseconds(($0 - .now()).nanoseconds) }
        reporter.renewed(before: left.map { Timestamp.now().advanced(by: $0) })
        noteGreeting()
    }

    /// What the client sent by itself at the establishment counts as sent.
    private func noteGreeting() {
        sent += configuration.onEstablished.count
        guard let last = configuration.onEstablished.last else { return }
        let batch = WebSocketMessageBatch(text: last)
        for message in batch.messages { noteSent(message, of: batch) }
    }

    func webSocketClient(_ client: WebSocketClient, disconnected end: WebSocketDisconnection) {
        session?.ended()
        // Before the queues take back what was on its way.
        for desk in replyDesks { desk.connectionLost() }
        for sink in sinks { sink.connectionEnded() }
        guard !isShuttingDown else { return }
        reporter.disconnected(
            reason: end.reason,
            closeCode: end.closeCode.map { Int($0.rawValue) },
            wasEstablished: end.wasEstablished
        )
    }

    func webSocketClientBecameWritable(_ client: WebSocketClient) {
        for sink in sinks { sink.connectionIsReady() }
    }

    func webSocketClient(_ client: WebSocketClient, wroteThrough position: Int) {
        for sink in sinks { sink.settleWritten(through: position) }
    }

    func webSocketClient(_ client: WebSocketClient, rejected count: Int, because reason: WebSocketRejection) {
        switch reason {
        case .tooLarge: rejected(count, because: .tooLarge)
        case .closing: rejected(count, because: .closing)
        }
    }
}
