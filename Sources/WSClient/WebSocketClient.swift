public import Logging
public import NIOCore
import TLS

/// A WebSocket connection (RFC 6455) that is kept alive: it connects, tells when it is established, delivers messages
/// in batches, and connects again after it was lost.
///
///     let client = WebSocketClient(configuration: .init(url: try WebSocketURL("wss://example.com/feed")),
///                                  eventLoop: eventLoop, logger: logger)
///     client.delegate = self
///     client.connect()
///
/// Confined to its event loop: every call is made there, and the delegate is called there. Its owner keeps it alive
/// until it is disconnected.
public final class WebSocketClient {
    /// What it was made with.
    public let configuration: WebSocketClientConfiguration
    /// Where everything happens.
    public let eventLoop: any EventLoop
    /// Told of messages and changes.
    public weak var delegate: (any WebSocketClientDelegate)?
    /// Asked at each attempt who the client is, besides `requestHeaders` of the configuration.
    public var credentialSource: (any WebSocketCredentialSource)?

    /// What was agreed upon for compression; `nil` while not established, and where messages travel uncompressed.
    public var compression: CompressionAgreement? { connection?.settings.compression?.agreement }
    /// How the connection is.
    public internal(set) var status: WebSocketClientStatus
    /// Sent as `Authorization: Bearer` instead of what the configuration says, from the next attempt on; `nil` goes
    /// back to the configuration.
    public var bearerTokenOverride: String?
    /// Whether each message is logged: opcode, length, and the beginning of its payload.
    public var logComms = false { didSet { updateCommsLog() } }
    /// Whether what happens in a connection's life is logged in detail.
    public var extendedLogging = false
    /// Shown in no preview of a message and in no reason, besides the credentials of the request.
    ///
    /// Begins with the configuration's.
    public var secrets: [String] { didSet { updateCommsLog() } }

    let logger: Logger
    let connector: Connector
    var machine: ReconnectStateMachine
    var attempt: ConnectAttempt?
    var connection: ConnectionHandler?
    /// The next connection, while it is being made beside the present one.
    var renewal: ConnectionRenewal?
    /// The connection before the present one, until its close handshake is over.
    var retiring: ConnectionHandler?
    /// The next connection is ready, and waits for the network to take what the present one was given.
    var isDraining = false
    var renewalMachine: RenewalStateMachine
    var renewalTimer: Scheduled<Void>?
    /// When what the present connection was made with runs out.
    var credentialExpiry: NIODeadline?
    private(set) var isReadingPaused = false
    /// The reason why the server left, while messages that it sent before wait to be read.
    var unreadEnd: String?
    private var fetch: CredentialFetch?
    /// The last credentials were refused, so what the source keeps is no good.
    private var wantsFreshCredentials = false
    var refusals = RefusedCredentials()
    /// Looks for other credentials while those that there are were refused too often.
    private var watch: CredentialWatch?
    private var reconnectTimer: Scheduled<Void>?
    private var isShutDown = false
    private var shutdownCompletions: [() -> Void] = []
    /// What the attempt under way, or the last one, sent: credentials to compare with and to hide.
    var sent = RequestCredentials()
    private var disconnectReason = ""
    var pingIntolerance = PingIntolerance()
    /// While set, `logComms` shows nothing of what messages hold: a secret is on its way that isn't known yet.
    package var concealsReceived = false {
        didSet {
            for connection in [connection, renewal?.connection] { connection?.concealsReceived = concealsReceived }
        }
    }

    /// Makes a client that does nothing until `connect()`.
    ///
    /// - Parameters:
    ///   - configuration: Where to connect, and how.
    ///   - eventLoop: Where everything happens.
    ///   - logger: For one line per happening.
    public convenience init(configuration: WebSocketClientConfiguration, eventLoop: any EventLoop, logger: Logger) {
        self.init(configuration: configuration, eventLoop: eventLoop, logger: logger, connector: .network)
    }

    init(
        configuration: WebSocketClientConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        connector: Connector
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        self.connector = connector
        secrets = configuration.secrets
        status = WebSocketClientStatus(since: eventLoop.now)
        machine = ReconnectStateMachine(
            autoReconnect: configuration.autoReconnect,
            initialDelay: TimeAmount(configuration.reconnect.initialDelay),
            maxDelay: TimeAmount(configuration.reconnect.maxDelay),
            stableAfter: TimeAmount(configuration.reconnect.stableAfter)
        )
        renewalMachine = RenewalStateMachine(
            before: configuration.renewBefore.map { TimeAmount($0) },
            initialDelay: TimeAmount(configuration.reconnect.initialDelay),
            maxDelay: TimeAmount(configuration.reconnect.maxDelay)
        )
    }

    // MARK: Commands

    /// Connects, and keeps connected.
    ///
    /// Does nothing if a connection or an attempt is there already.
    public func connect() {
        guard !isShutDown else { return }
        switch machine.connect() {
        case .startAttempt: startAttempt()
        case .doNothing: break
        }
    }

    /// Connects with this bearer token, and keeps it for later attempts.
    ///
    /// A connection or an attempt with other credentials is ended for it.
    public func connect(bearerToken: String) {
        guard !isShutDown else { return }
        bearerTokenOverride = bearerToken
        let isInUse = sent.authorization == "Bearer \(bearerToken)"
        if isInUse, machine.state != .disconnected { return connect() }
        disconnectReason = "reconnecting with another bearer token"
        endRenewal()
        switch machine.reconnect() {
        case .startAttempt: startAttempt()
        case .abandonAttemptAndStart:
            abandonAttempt(because: disconnectReason)
            startAttempt()
        case .close: connection?.close(.normalClosure, because: disconnectReason)
        case .doNothing: break
        }
    }

    /// Closes the connection with 1000, or ends the attempt.
    ///
    /// Nothing connects again until `connect()`.
    ///
    /// - Parameter reason: What status and events say.
    public func disconnect(reason: String = "disconnected by command") {
        end(.normalClosure, because: reason)
    }

    /// Closes the connection with 1001, for good.
    ///
    /// - Parameter completion: Called when TCP has ended, after `closeTimeout` at the latest.
    public func shutdown(completion: @escaping () -> Void) {
        isShutDown = true
        shutdownCompletions.append(completion)
        end(.goingAway, because: "shut down")
        completeShutdown()
    }

    private func end(_ code: CloseCode, because reason: String) {
        disconnectReason = reason
        endWatch()
        endRenewal()
        retiring?.hurry()
        switch machine.disconnect() {
        case .cancelTimer:
            status.reason = reason
            update()
        case .abandonAttempt:
            abandonAttempt(because: reason)
        case .close:
            logger.info("closing: \(reason)")
            connection?.close(code, because: reason)
        case .doNothing:
            break
        }
    }

    // MARK: Messages

    /// Stops reading: what the server sends waits with it.
    ///
    /// Keep-alive deadlines stand still meanwhile. A batch that is read already still arrives.
    public func pauseReading() {
        isReadingPaused = true
        connection?.pauseReading()
        retiring?.pauseReading()
        renewal?.connection?.pauseReading()
    }

    /// Reads again.
    public func resumeReading() {
        isReadingPaused = false
        retiring?.resumeReading()
        // What one of them brings may be a reason to pause again.
        if !isReadingPaused { connection?.resumeReading() }
        if !isReadingPaused { renewal?.connection?.resumeReading() }
    }

    /// Whether `send` takes messages now.
    public var isWritable: Bool { !isDraining && connection?.isWritable ?? false }

    /// How many bytes of frames this connection was given to send, from 0 at each establishment.
    public var outboundPosition: Int { connection?.outboundPosition ?? 0 }

    /// How many of those bytes the network took.
    public var writtenPosition: Int { connection?.writtenPosition ?? 0 }

    /// Takes messages from the front of the batch, in order, as many as there is room for in `outboundLimit`.
    ///
    /// What it doesn't take may be offered again after `webSocketClientBecameWritable`. Text has to be valid UTF-8.
    ///
    /// - Returns: How many were taken; 0 while not established.
    public func send(_ batch: WebSocketMessageBatch) -> Int {
        isDraining ? 0 : connection?.send(batch) ?? 0
    }

    /// Takes one text message.
    ///
    /// - Returns: Whether it was taken.
    public func send(text: String) -> Bool {
        send(WebSocketMessageBatch(text: text)) == 1
    }

    // MARK: Attempts

    private func startAttempt() {
        reconnectTimer?.cancel()
        reconnectTimer = nil
        endWatch()
        update()
        // The delegate may have changed its mind.
        guard machine.state == .connecting else { return }
        let deadline = eventLoop.now + TimeAmount(configuration.connectTimeout)
        guard let credentialSource else { return startAttempt(with: WebSocketCredentials(headers: []), by: deadline) }
        let request = credentialRequest(isFresh: wantsFreshCredentials)
        fetch = CredentialFetch(from: credentialSource, eventLoop: eventLoop) { [weak self] result in
            guard let self else { return }
            fetch = nil
            switch result {
            case .success(let credentials):
                wantsFreshCredentials = false
                startAttempt(with: credentials, by: deadline)
            case .failure(let failure): ended(failure)
            }
        }
        fetch?.start(request, by: deadline)
    }

    private func startAttempt(with credentials: WebSocketCredentials, by deadline: NIODeadline) {
        do {
            sent = try requestCredentials(credentials)
        } catch {
            return ended(ConnectionFailure(readable("\(error)", limit: 300), remedy: .person))
        }
        guard !refusals.areUseless(sent.identity) else {
            machine.withdrawAttempt()
            return ended(ConnectionFailure("\(refusedTooOften); \(wayOut)", remedy: .otherCredentials))
        }
        credentialExpiry = credentials.expires
        let attempt = ConnectAttempt(
            configuration,
            credentials: sent,
            eventLoop: eventLoop,
            connector: connector,
            owner: self
        )
        self.attempt = attempt
        attempt.start(by: deadline)
    }

    func credentialRequest(isFresh: Bool) -> WebSocketCredentialRequest {
        WebSocketCredentialRequest(isFresh: isFresh, includesAuthorization: bearerTokenOverride == nil)
    }

    func requestCredentials(_ credentials: WebSocketCredentials) throws -> RequestCredentials {
        RequestCredentials(
            configured: try configuration.requestHeaders(),
            source: credentials.headers,
            bearerToken: bearerTokenOverride,
            userInfo: configuration.url.userInfo,
            path: configuration.url.path,
            spoken: credentials.spoken
        )
    }

    private func abandonAttempt(because reason: String) {
        fetch?.abandon()
        fetch = nil
        attempt?.abandon()
        attempt = nil
        let wasConnected = status.tcp
        status.reason = reason
        status.closeCode = nil
        update()
        if wasConnected { tellDisconnected(ConnectionFailure(reason), wasEstablished: false) }
    }

    /// An attempt or a connection is over.
    func ended(_ failure: ConnectionFailure) {
        let before = status
        var failure = failure
        // The server may say back what it was sent.
        failure.reason = failure.words(hiding: Redactor(allSecrets))
        attempt = nil
        connection = nil
        unreadEnd = nil
        if takeOverSuccessor(after: failure) { return }
        endRenewal()
        noteRefusal(&failure, after: before)
        status.reason = failure.reason
        status.closeCode = failure.closeCode
        var generator = SystemRandomNumberGenerator()
        let action = machine.ended(failure, now: eventLoop.now, using: &generator)
        if case .wait(let until) = action { scheduleAttempt(at: until) }
        if failure.remedy == .otherCredentials, machine.state == .fault(until: nil) { startWatch() }
        logEnd(failure, wasEstablished: before.websocket)
        update()
        if before.tcp { tellDisconnected(failure, wasEstablished: before.websocket) }
        if action == .startAttempt, machine.state == .connecting, attempt == nil, fetch == nil { startAttempt() }
        completeShutdown()
    }

    /// Credentials that were refused aren't offered again where there may be others, and none are offered for ever.
    private func noteRefusal(_ failure: inout ConnectionFailure, after before: WebSocketClientStatus) {
        switch verdict(on: &failure, after: before) {
        case .refused: refusals.refused(sent.identity)
        case .accepted: refusals.accepted(sent.identity)
        case .unknown: break
        }
        if failure.refusesCredentials, refusals.areUseless(sent.identity) {
            failure.remedy = .otherCredentials
            failure.reason += "; \(refusedTooOften); \(wayOut)"
        }
        guard let credentialSource, credentialSource.isRenewable, bearerTokenOverride == nil else { return }
        if failure.remedy == .credentials {
            wantsFreshCredentials = true
            failure.remedy = .freshCredentials
        } else if let code = failure.closeCode, CloseCode.refusals.contains(code) {
            wantsFreshCredentials = true
        }
    }

    private enum CredentialVerdict {
        case refused
        case accepted
        case unknown
    }

    /// Learns from an end about the credentials.
    private func verdict(on failure: inout ConnectionFailure, after before: WebSocketClientStatus) -> CredentialVerdict
    {
        if isRefusal(failure.closeCode, after: before) { failure.refusesCredentials = true }
        if failure.refusesCredentials { return before.websocket || sent.areInRequest ? .refused : .unknown }
        return before.websocket && (sent.spoken.isEmpty || hasLasted(before)) ? .accepted : .unknown
    }

    /// A connection that lasted was made with credentials that the server took, whatever it closes with.
    private func isRefusal(_ code: CloseCode?, after before: WebSocketClientStatus) -> Bool {
        guard before.websocket, let code, CloseCode.unauthorized.contains(code) else { return false }
        return !hasLasted(before)
    }

    private func hasLasted(_ before: WebSocketClientStatus) -> Bool {
        eventLoop.now - before.since >= TimeAmount(configuration.reconnect.stableAfter)
    }

    private var refusedTooOften: String {
        "the server refused these credentials \(RefusedCredentials.most) times, so they are not tried again"
    }

    /// The source of other credentials; a command brings bearer tokens only.
    private var wayOut: String {
        let command = sent.isBearerToken ? "connect with another token" : nil
        guard let interval = lookInterval else {
            return command.map { "\($0), or restart with another" } ?? "put others into the configuration and restart"
        }
        return "what they are read from is looked at every \(interval.words)" + (command.map { ", or \($0)" } ?? "")
    }

    private var lookInterval: TimeAmount? {
        configuration.autoReconnect && bearerTokenOverride == nil ? credentialSource?.lookInterval : nil
    }

    private func startWatch() {
        guard let credentialSource, let interval = lookInterval, !isShutDown else { return }
        let timeout = TimeAmount(configuration.connectTimeout)
        watch = CredentialWatch(credentialSource, every: interval, timeout: timeout, eventLoop: eventLoop) {
            [weak self] credentials in
            guard let self, let identity = try? requestCredentials(credentials).identity else { return true }
            guard !refusals.areUseless(identity) else { return true }
            logger.info("there are other credentials: connecting with them")
            wantsFreshCredentials = false
            connect()
            return false
        }
        watch?.start()
    }

    private func endWatch() {
        watch?.stop()
        watch = nil
    }

    private func scheduleAttempt(at deadline: NIODeadline) {
        reconnectTimer?.cancel()
        reconnectTimer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            switch self.machine.timerFired() {
            case .startAttempt: self.startAttempt()
            case .doNothing: break
            }
        }
    }

    /// Tells who waits for the end, once all of it is over.
    func completeShutdown() {
        guard isShutDown, connection == nil, retiring == nil else { return }
        let completions = shutdownCompletions
        shutdownCompletions = []
        for completion in completions { completion() }
    }

    func takeOver(_ connection: ConnectionHandler) {
        attempt = nil
        self.connection = connection
        unreadEnd = nil
        if isReadingPaused { connection.pauseReading() }
        connection.concealsReceived = concealsReceived
        updateCommsLog()
    }

    func updateCommsLog() {
        let comms = logComms ? CommsLog(logger: logger, hiding: allSecrets) : nil
        for connection in [connection, retiring, renewal?.connection] { connection?.comms = comms }
    }

    var allSecrets: [String] { secrets + sent.secrets + (renewal?.credentials?.secrets ?? []) }
}

extension CloseCode {
    /// What servers close with when they don't take who we say we are: policy, and the usual private codes.
    fileprivate static let refusals = unauthorized.union([.policyViolation])

    /// Those that say so: IANA's registered one, and those that take up HTTP's 401 and 403.
    fileprivate static let unauthorized = Set([3000, 4401, 4403].map { CloseCode(rawValue: $0) })
}
