package import Logging
package import NIOCore

/// A whole gateway at work: connections, brokers, routes and status.
///
/// Used on its event loop only.
package final class Gateway {
    /// How long a broker's first attempt may keep the gateway from being ready.
    static let readyTimeout: TimeAmount = .seconds(5)
    static let statsInterval: TimeAmount = .seconds(10)
    /// How long brokers and servers may take to say goodbye, after the queues drained.
    static let farewellTimeout: TimeAmount = .seconds(2)
    /// How long the spool may take to write what is left.
    private static let parkTimeout: TimeAmount = .seconds(10)
    private static let drainCheckInterval: TimeAmount = .milliseconds(20)

    private enum Phase {
        case idle
        case starting
        case ready
        case stopping
        case stopped
    }

    private let configuration: GatewayConfiguration
    private let version: String
    let eventLoop: any EventLoop
    let log: Logger
    let parts: GatewayParts
    private let startedAt: NIODeadline
    private var phase = Phase.idle
    private var brokerRecords: [String: BrokerRecord] = [:]
    private var whenReady: (() -> Void)?
    private var waitsForBrokers = true
    private var readyTimer: Scheduled<Void>?
    private var statsTimer: Scheduled<Void>?
    private var expiryTimer: Scheduled<Void>?

    /// Makes every part; nothing runs before `start`.
    ///
    /// Their secrets go into the book.
    package init(
        _ configuration: GatewayConfiguration,
        version: String,
        adapters: AdapterFactory,
        spool: Spool? = nil,
        secrets: SecretBook = SecretBook(),
        eventLoop: any EventLoop,
        log: Logger
    ) throws {
        self.configuration = configuration
        self.version = version
        self.eventLoop = eventLoop
        startedAt = eventLoop.now
        self.log = log
        parts = try GatewayParts(
            configuration,
            adapters: adapters,
            spool: spool,
            userAgent: "wsbridge/\(version)",
            secrets: secrets,
            eventLoop: eventLoop,
            log: log
        )
        for broker in parts.brokers {
            brokerRecords[broker.name] = BrokerRecord()
            broker.client = self
        }
        for (name, responder) in parts.responders {
            responder.rejected = { [weak self] in self?.brokerRecords[name, default: BrokerRecord()].reject(because: $0)
            }
        }
    }

    /// The counters and states as they are now.
    package var stats: GatewayStats {
        parts.stats(
            instance: configuration.instance,
            version: version,
            at: .now(),
            uptime: Double((eventLoop.now - startedAt).nanoseconds / 1_000_000) / 1000,
            brokerRecords: brokerRecords
        )
    }

    // MARK: Starting

    /// Puts sinks and sources in place, then connects; `ready` is called once each broker's first attempt ended.
    package func start(ready: @escaping () -> Void) {
        phase = .starting
        whenReady = ready
        sayWhatWasRestored()
        for queue in parts.queues { queue.sink.start() }
        for hub in parts.hubs where !hub.start() {
            log.error(
                "a source can't start, its routes stand still: \(hub.failure ?? "")",
                metadata: [
                    "source": "\(hub.source.name)", "routes": "\(hub.routes.map(\.name).joined(separator: ", "))",
                ]
            )
        }
        for broker in parts.brokers { broker.start() }
        for connection in parts.connections { connection.start() }
        let isolated = eventLoop.assumeIsolated()
        readyTimer = isolated.scheduleTask(in: Self.readyTimeout) { self.becomeReady() }
        scheduleStats()
        scheduleExpiry()
        becomeReadyIfAttempted()
    }

    private func sayWhatWasRestored() {
        for queue in parts.queues where queue.currentBalance.restored > 0 {
            log.notice(
                "\(queue.currentBalance.restored) messages of the last run wait in the spool",
                metadata: ["route": "\(queue.route)", "sink": "\(queue.sink.name)"]
            )
        }
        for stranger in parts.spool?.strangers ?? [] {
            log.warning(
                """
                \(stranger.count) messages in the spool belong to '\(stranger.key)', which the configuration doesn't \
                have, or holds in memory only: they are kept; `wsbridge spool list` shows, `wsbridge spool drop` \
                removes them
                """
            )
        }
    }

    /// Often enough for the shortest `ttl`.
    private func scheduleExpiry() {
        let shortest = configuration.routes.flatMap(\.sinks).compactMap(\.queue.ttl).min()
        guard let shortest else { return }
        let interval = min(TimeAmount.seconds(1), max(.milliseconds(50), TimeAmount(shortest / 4)))
        expiryTimer = eventLoop.assumeIsolated().scheduleTask(in: interval) {
            for queue in self.parts.queues { queue.tick() }
            self.scheduleExpiry()
        }
    }

    /// Whatever brokers do, `ready` is called now, or at the start: the gateway is to stop.
    package func waitNoLonger() {
        waitsForBrokers = false
        becomeReadyIfAttempted()
    }

    private func becomeReadyIfAttempted() {
        guard phase == .starting, !waitsForBrokers || brokerRecords.values.allSatisfy(\.hasAttempted) else { return }
        becomeReady()
    }

    private func becomeReady() {
        guard phase == .starting else { return }
        phase = .ready
        readyTimer?.cancel()
        publishStats()
        whenReady?()
        whenReady = nil
    }

    private func scheduleStats() {
        statsTimer = eventLoop.assumeIsolated().scheduleTask(in: Self.statsInterval) {
            self.publishStats()
            self.scheduleStats()
        }
    }

    private func publishStats() {
        guard let publisher = parts.publisher else { return }
        publisher.set(publisher.topics.stats, StatusEncoder.json(stats))
    }

    // MARK: Stopping

    /// Stops the sources, drains the queues at most `shutdown_timeout` long, says goodbye everywhere.
    package func stop(completion: @escaping () -> Void) {
        guard phase == .starting || phase == .ready else { return completion() }
        phase = .stopping
        whenReady = nil
        readyTimer?.cancel()
        statsTimer?.cancel()
        // A source has a moment to bring what it had begun, even where queues have none to drain.
        let limit = max(TimeAmount(configuration.shutdownTimeout), Self.farewellTimeout)
        let deadline = eventLoop.now + TimeAmount(configuration.shutdownTimeout)
        whenAll(parts.hubs, within: limit, { $0.stop(completion: $1) }) {
            for hub in self.parts.hubs { hub.close() }
            for desk in self.parts.replyDesks.values { desk.stop() }
            self.drain(until: deadline, completion: completion)
        }
    }

    private func drain(until deadline: NIODeadline, completion: @escaping () -> Void) {
        guard eventLoop.now < deadline, parts.queues.contains(where: \.isDraining) else {
            for queue in parts.queues { queue.close() }
            stopSinks {
                self.parkQueues {
                    self.abandonQueues()
                    self.sayFarewell(completion: completion)
                }
            }
            return
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.drainCheckInterval) {
            self.drain(until: deadline, completion: completion)
        }
    }

    private func abandonQueues() {
        for queue in parts.queues where !queue.isSpooled {
            let left = queue.abandon()
            guard left > 0 else { continue }
            log.warning(
                "\(left) messages were still queued when the gateway stopped and are dropped; see shutdown_timeout",
                metadata: ["route": "\(queue.route)", "sink": "\(queue.sink.name)", "reason": "shutdown"]
            )
        }
    }

    /// What is left goes to the spool where there is one; a disk that hangs is not waited for without end.
    private func parkQueues(completion: @escaping () -> Void) {
        expiryTimer?.cancel()
        guard let spool = parts.spool else { return completion() }
        for queue in parts.queues { queue.park() }
        whenAll([spool], within: Self.parkTimeout, { $0.whenIdle($1) }) {
            for queue in self.parts.queues where queue.isSpooled { self.finishParking(queue) }
            completion()
        }
    }

    private func finishParking(_ queue: RouteQueue) {
        let (kept, lost) = queue.finishParking()
        let metadata: Logger.Metadata = ["route": "\(queue.route)", "sink": "\(queue.sink.name)"]
        if kept > 0 { log.notice("\(kept) messages stay in the spool for the next start", metadata: metadata) }
        if lost > 0 {
            log.error(
                "\(lost) messages could not be written to the spool when the gateway stopped and are dropped",
                metadata: metadata
            )
        }
    }

    private func stopSinks(completion: @escaping () -> Void) {
        whenAll(parts.queues.map(\.sink), within: Self.farewellTimeout, { $0.stop(completion: $1) }, completion)
    }

    /// The last words in their order: states, stats, `offline`, and only then close 1001.
    private func sayFarewell(completion: @escaping () -> Void) {
        for connection in parts.connections { connection.announceShutdown() }
        for responder in parts.responders.values { responder.end() }
        logBalance()
        let last = StatusEncoder.json(stats)
        let publisher = parts.publisher
        let deadline = eventLoop.now + Self.farewellTimeout
        whenAll(parts.brokers, within: Self.farewellTimeout * 2) { broker, done in
            let farewell = publisher?.isCarried(by: broker) == true ? publisher?.farewell(stats: last) : nil
            broker.stop(farewell: farewell ?? [], deadline: deadline, completion: done)
        } _: {
            self.whenAll(
                self.parts.connections,
                within: Self.farewellTimeout,
                { $0.shutdown(completion: $1) },
                {
                    self.phase = .stopped
                    // A disk that hangs doesn't keep the process: what counts is written.
                    self.whenAll(
                        self.parts.spool.map { [$0] } ?? [],
                        within: Self.farewellTimeout,
                        { $0.close(completion: $1) },
                        completion
                    )
                }
            )
        }
    }

    private func logBalance() {
        for queue in parts.queues {
            let balance = queue.currentBalance
            log.info(
                "final balance: \(balance)",
                metadata: ["route": "\(queue.route)", "sink": "\(queue.sink.name)"]
            )
        }
    }

    /// Calls `completion` once every element's action is done, or the time is up.
    private func whenAll<Element>(
        _ elements: [Element],
        within limit: TimeAmount,
        _ action: (Element, @escaping () -> Void) -> Void,
        _ completion: @escaping () -> Void
    ) {
        var isOver = false
        var remaining = elements.count
        let finish = {
            guard !isOver else { return }
            isOver = true
            completion()
        }
        guard remaining > 0 else { return finish() }
        let timer = eventLoop.assumeIsolated().scheduleTask(in: limit) { finish() }
        for element in elements {
            action(element) {
                remaining -= 1
                guard remaining == 0 else { return }
                timer.cancel()
                finish()
            }
        }
    }
}

// MARK: - Brokers

extension Gateway: BrokerClient {
    package func broker(_ name: String, changedTo state: BrokerState) {
        brokerRecords[name, default: BrokerRecord()].changed(to: state, at: .now())
        parts.responders[name]?.brokerChanged(to: state)
        if let publisher = parts.publisher, publisher.isCarried(byBrokerNamed: name) {
            switch state {
            case .connected: publisher.brokerConnected()
            case .connecting, .backoff, .stopped: publisher.brokerDisconnected()
            }
        }
        becomeReadyIfAttempted()
    }

    package func broker(_ name: String, received command: BrokerCommand) {
        guard let publisher = parts.publisher, let (target, word) = publisher.topics.command(in: command.topic) else {
            return
        }
        let answer = perform(word, command, on: target, broker: name)
        guard word == "send", !command.isRetained, let response = command.response,
            let responder = parts.responders[name], responder.admits(response)
        else { return }
        responder.answer(answer, to: response)
    }

    package func broker(_ name: String, lostAnswers count: Int) {
        brokerRecords[name, default: BrokerRecord()].reject(count, because: .responseLost)
    }

    package func broker(_ name: String, refusedStatus count: Int) {
        brokerRecords[name, default: BrokerRecord()].reject(count, because: .refused)
    }

    private func perform(_ word: String, _ command: BrokerCommand, on target: String, broker: String) -> RequestAnswer {
        let metadata: Logger.Metadata = ["broker": "\(broker)", "connection": "\(target)"]
        func ignored(_ reason: RejectReason) -> RequestAnswer {
            reject(reason, connection: target, broker: broker)
            return .dropped(reason.rawValue)
        }
        guard !command.isRetained else {
            log.warning("a retained command '\(word)' was ignored; publish commands without retain", metadata: metadata)
            return ignored(.retainedCommand)
        }
        guard let connection = parts.connection(named: target) else {
            // A name from outside is no field: it may be a secret, which the text of a line hides.
            log.warning(
                "a command '\(word)' for an unknown connection, '\(target)', was ignored",
                metadata: ["broker": "\(broker)"]
            )
            return ignored(.unknownConnection)
        }
        do {
            return RequestAnswer(connection.perform(try ConnectionCommand(word: word, payload: command.payload)).result)
        } catch {
            log.error("a command was ignored: \(error)", metadata: metadata)
            return ignored(.malformedCommand)
        }
    }

    /// Counts at the connection, or at the broker where there is no such connection.
    private func reject(_ reason: RejectReason, connection: String, broker: String) {
        if let connection = parts.connection(named: connection) {
            connection.rejected(1, because: reason)
        } else {
            brokerRecords[broker, default: BrokerRecord()].reject(because: reason)
        }
    }
}

// MARK: - Control socket

extension Gateway: ControlHandler {
    package func handle(_ request: ControlRequest) -> ControlResponse {
        if request.verb == .status { return ControlResponse(.ok, stats: stats) }
        guard phase != .stopping, phase != .stopped else {
            return ControlResponse(.busy, message: "the gateway stops: it only lets its queues drain")
        }
        guard let name = request.connection else {
            return ControlResponse(.badRequest, message: "the request names no connection")
        }
        guard let connection = parts.connection(named: name) else {
            let known = parts.connections.map(\.name).joined(separator: ", ")
            return ControlResponse(
                .unknownConnection,
                message: "there is no connection '\(name)'; there are: \(known)"
            )
        }
        switch request.verb {
        case .status: return ControlResponse(.ok, stats: stats)
        case .connect:
            if let token = request.bearerToken, !ConnectionCommand.isUsable(bearerToken: token) {
                return ControlResponse(.badRequest, message: "\(ConnectionCommandError.unusableToken)")
            }
            return connection.perform(.connect(bearerToken: request.bearerToken))
        case .disconnect: return connection.perform(.disconnect)
        case .send: return connection.perform(.send(ByteBuffer(string: request.message ?? "")))
        case .log:
            connection.log(extended: request.extendedLogging, comms: request.logComms)
            return ControlResponse(.ok)
        }
    }
}
