import BridgeCore
import CMosquitto
import Logging
import NIOCore
import TLS

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension BrokerThread {
    // MARK: An attempt

    /// Makes a fresh handle and connects; blocks while it does.
    func connect() {
        report.append(.changed(.connecting))
        flushReport()
        do throws(ConnectionFailure) {
            let handle = try makeHandle()
            let properties = try connectProperties()
            let port = settings.configuration.port
            let keepAlive = settings.keepAliveSeconds
            var last: MosquittoHandle.CallFailure?
            for address in try addresses(of: hostToResolve()) {
                // Each has its own time.
                report.append(.tryingAddress)
                flushReport()
                let result = handOver.whileConnecting {
                    handle.connect(host: address, port: port, keepAlive: keepAlive, properties: properties)
                }
                switch result {
                case .success:
                    addresses.worked(address)
                    self.handle = handle
                    return connectReturned()
                case .failure(let failure):
                    last = failure
                    // Only where nobody answers there are other addresses to ask.
                    if mosq_err_t(failure.error.code) != MOSQ_ERR_ERRNO { throw connectFailure(failure) }
                }
            }
            if let last { throw connectFailure(last) }
        } catch {
            fail(error)
        }
    }

    private func addresses(of host: String) throws(ConnectionFailure) -> [String] {
        switch handOver.whileConnecting({ addresses.addresses(of: host) }) {
        case .success(let addresses): return addresses
        case .failure(let error):
            let words = gai_strerror(error.code).map { String(cString: $0).lowercased() } ?? "lookup failed"
            throw ConnectionFailure("unknown host \(host): \(words)")
        }
    }

    private func hostToResolve() throws(ConnectionFailure) -> String {
        let host = settings.configuration.host
        do throws(UnknownInterface) {
            return try IPv6Zone.resolvable(host)
        } catch {
            throw ConnectionFailure("\(error), which the address \(host) names")
        }
    }

    private func makeHandle() throws(ConnectionFailure) -> MosquittoHandle {
        if let complaint = settings.complaint { throw ConnectionFailure(complaint, lane: .slow) }
        let configuration = settings.configuration
        var password: String?
        if let secret = configuration.password {
            do {
                password = try readSecret(secret)
            } catch {
                throw ConnectionFailure("the password can't be read: \(error)", lane: .slow)
            }
        }
        tls = nil
        if configuration.isSecure {
            do throws(TLSError) {
                tls = try TLSContext(configuration.tls, host: configuration.host)
            } catch {
                throw ConnectionFailure("\(error)", lane: .slow)
            }
            for warning in tls?.warnings ?? [] { logger.warning("\(warning)") }
        }
        return try MosquittoHandle(settings, will: will, password: password, tls: tls, inbox: inbox)
    }

    private func connectProperties() throws(ConnectionFailure) -> PropertyList? {
        guard settings.configuration.protocolVersion == .v5 else { return nil }
        do throws(MosquittoError) {
            let properties = PropertyList()
            // Without it the server would drop the session with the connection.
            if !settings.configuration.cleanSession {
                try properties.add(MQTT_PROP_SESSION_EXPIRY_INTERVAL, int32: settings.sessionExpirySeconds)
            }
            try properties.add(MQTT_PROP_MAXIMUM_PACKET_SIZE, int32: UInt32(BrokerSettings.largestInboundPacket))
            return properties
        } catch {
            throw ConnectionFailure("the CONNECT properties could not be made: \(error)")
        }
    }

    private func connectFailure(_ failure: MosquittoHandle.CallFailure) -> ConnectionFailure {
        switch mosq_err_t(failure.error.code) {
        case MOSQ_ERR_ERRNO where failure.systemError == EINTR:
            let timeout = settings.configuration.connectTimeout
            return ConnectionFailure("\(settings.endpoint) did not answer within \(timeout.milliseconds) ms")
        case MOSQ_ERR_ERRNO:
            return ConnectionFailure("\(settings.endpoint): \(KernelError.words(for: failure.systemError))")
        default:
            return tlsFailure() ?? ConnectionFailure("\(settings.endpoint): \(failure.error)")
        }
    }

    func tlsFailure() -> ConnectionFailure? {
        guard let error = tls?.lastFailure else { return nil }
        return ConnectionFailure("\(error)", lane: error.needsPerson ? .slow : .soon)
    }

    private func connectReturned() {
        let now = NIODeadline.now()
        machine.connectReturned(now: now)
        attemptBegan = now
        lastPublish = now
        let seconds = Int64(settings.keepAliveSeconds)
        keepAlive = KeepAlive(interval: seconds == 0 ? nil : .seconds(seconds), now: now)
        spinGuard = SpinGuard(now: now)
        stallGuard = StallGuard(now: now)
        bytesRead = 0
        incompleteSince = nil
        mayHaveMoreToRead = false
        hasReadPendingInVain = false
        hasMoreToPublish = false
        unsentPackets = 1
        write(now)
    }

    // MARK: CONNACK and SUBACK

    func receivedConnack(_ connack: CallbackInbox.Connack, _ now: NIODeadline) {
        switch machine.receivedConnack(connack.code, now: now) {
        case .doNothing:
            break
        case .fail(let failure):
            fail(failure)
        case .subscribe:
            window = SendWindow(
                maxInflight: settings.configuration.maxInflight,
                receiveMaximum: connack.receiveMaximum,
                version: settings.configuration.protocolVersion
            )
            if let seconds = connack.keepAlive {
                keepAlive = KeepAlive(interval: seconds == 0 ? nil : .seconds(Int64(seconds)), now: now)
            }
            usesIdentifiers = connack.hasSubscriptionIdentifiers
            let session = connack.isSessionPresent ? "the session goes on" : "a new session"
            logger.info("\(settings.endpoint) accepted the connection, \(session)")
            if let seconds = connack.sessionExpiry, !settings.configuration.cleanSession, !hasToldSessionExpiry {
                hasToldSessionExpiry = true
                logger.warning("the server keeps the session only for \(seconds) s while the gateway is away")
            }
            note(connack)
            parts.passed(.connecting)
            refusedSubscriptions = leftOutSubscriptions
            let requests =
                areSourcesClosed
                ? []
                : usesIdentifiers
                    ? settings.subscriptions.requestsWithIdentifiers(refused: refusedSubscriptions)
                    : settings.subscriptions.requestsWithoutIdentifiers(refused: refusedSubscriptions)
            subscribe(requests, now)
        }
    }

    private func subscribe(_ requests: [SubscriptionTable.Request], _ now: NIODeadline) {
        for request in requests {
            requestedSubscriptions.insert(request.index)
            let subscription = settings.subscriptions.subscriptions[request.index]
            let filter = subscription.filter
            var options: Int32 = 0
            var properties: PropertyList?
            if settings.configuration.protocolVersion == .v5 {
                // Retained messages come with a new subscription, not with every reconnect.
                options = Int32(MQTT_SUB_OPT_SEND_RETAIN_NEW.rawValue)
                // A shared subscription can't have it (section 3.8.3.1).
                if filter.shareName == nil, !subscription.allowsEcho {
                    options |= Int32(MQTT_SUB_OPT_NO_LOCAL.rawValue)
                }
                // A command that is retained is refused from the moment it is published, not only after a reconnect.
                if subscription.isCommands { options |= Int32(MQTT_SUB_OPT_RETAIN_AS_PUBLISHED.rawValue) }
                if usesIdentifiers {
                    let list = PropertyList()
                    try? list.add(MQTT_PROP_SUBSCRIPTION_IDENTIFIER, varint: UInt32(request.index + 1))
                    properties = list
                }
            }
            var identifier: Int32 = 0
            let result = handle?.subscribe(
                filter.description,
                qos: request.qos,
                options: options,
                properties: properties,
                identifier: &identifier
            )
            switch result {
            case .success: subscribing[identifier] = request
            case .failure(let failure): return fail(ConnectionFailure("SUBSCRIBE \(filter): \(failure.error)"))
            case nil: return
            }
        }
        unsentPackets += requests.count
        if subscribing.isEmpty { subscribed(now) }
    }

    func receivedSubacks(_ now: NIODeadline) {
        let subacks = inbox.subacks
        inbox.subacks.removeAll()
        for suback in subacks {
            guard let request = subscribing.removeValue(forKey: suback.identifier), suback.code >= 0x80 else {
                continue
            }
            refusedSubscriptions.insert(request.index)
            let subscription = settings.subscriptions.subscriptions[request.index]
            let code = ReasonCode(suback.code)
            let reason = suback.code == 0x80 ? "" : ": \(code)"
            let words = "the server refused the subscription to \(subscription.filter)\(reason)"
            if subscription.isCommands, subscription.sources.isEmpty {
                logger.warning("\(words); commands don't come from this broker")
            } else {
                logger.error("\(words); nothing will come from it")
            }
            guard !usesIdentifiers, !areSourcesClosed else { continue }
            // What the refused one covered has to stand on its own.
            let requests = settings.subscriptions.requestsWithoutIdentifiers(refused: refusedSubscriptions)
            subscribe(requests.filter { !requestedSubscriptions.contains($0.index) }, now)
        }
        if !subacks.isEmpty, subscribing.isEmpty { subscribed(now) }
    }

    private func subscribed(_ now: NIODeadline) {
        guard machine.subscribed(now: now) else { return }
        epoch &+= 1
        parts.passedSubscribing()
        beginExperiment(now)
        // The core publishes as soon as it hears of the change: by then that must be possible.
        report.append(.connected(epoch: epoch))
        report.append(.changed(.connected))
    }

    // MARK: The end of a connection

    /// Drops the connection and waits for the next attempt, or ends.
    func fail(_ failure: ConnectionFailure) {
        let now = NIODeadline.now()
        var failure = failure
        if handle != nil { collect(now) }
        if let lane = judge(failure, now) { failure.lane = lane }
        wait(failure, now)
    }

    func wait(_ failure: ConnectionFailure, _ now: NIODeadline) {
        dropConnection()
        switch machine.failed(failure, now: now, using: &random) {
        case .doNothing, .finish:
            break
        case .waitUntil(let next):
            report.append(.changed(.backoff(reason: failure.reason, next: next)))
            let tenths = max((next - now).nanoseconds, 0) / 100_000_000
            logger.warning("\(failure.reason); next attempt in \(tenths / 10).\(tenths % 10) s")
        }
    }

    /// Closes without a DISCONNECT: what was withheld is delivered again, and the last will goes out.
    func dropConnection() {
        if handle != nil { collect(.now()) }
        handle = nil
        inbox = CallbackInbox(settings)
        inbox.takesMessages = !areSourcesClosed
        subscribing = [:]
        requestedSubscriptions = []
        refusedSubscriptions = []
        identifiers.removeAll()
        isHalfWritten = false
        hasUnsentPublish = false
        hasMoreToPublish = false
        mayHaveMoreToRead = false
        experiment = nil
        for lane in lanes { lane.removeAll() }
        gate.connectionLost()
        let done = status.connectionLost()
        if done.count > 0 { report.append(.statusDone(done)) }
        if epoch != lostEpoch {
            lostEpoch = epoch
            report.append(.lost(epoch: epoch))
        }
    }

    /// Everything that was to be said is said, or time is up.
    ///
    /// Unless the server has `offline` for sure, the connection ends without DISCONNECT, so that the last will says it.
    func endFarewell(isAcknowledged: Bool) {
        if isAcknowledged { endInOrder(saysGoodbye: true) }
        dropConnection()
        machine.farewellEnded()
    }

    /// Sends all that is queued, and DISCONNECT or not, and waits until the server has ended the connection.
    func endInOrder(saysGoodbye: Bool) {
        guard let handle else { return }
        let deadline = NIODeadline.now() + .seconds(1)
        while handle.socket >= 0, handle.wantsWrite, NIODeadline.now() < deadline, case .success = handle.loopWrite() {
            var descriptor = pollfd(fd: handle.socket, events: Int16(POLLOUT), revents: 0)
            if handle.wantsWrite { _ = poll(&descriptor, 1, 100) }
        }
        guard handle.socket >= 0, !handle.wantsWrite, !saysGoodbye || handle.disconnect() else { return }
        awaitHangUp(of: handle.socket, until: deadline)
    }

    /// Closing with bytes unread would reset the connection, and might take the DISCONNECT with it.
    private func awaitHangUp(of socket: Int32, until deadline: NIODeadline) {
        shutdown(socket, Int32(SHUT_WR))
        var discarded = [UInt8](repeating: 0, count: 64 << 10)
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while NIODeadline.now() < deadline, poll(&descriptor, 1, 100) >= 0 {
            guard descriptor.revents != 0 else { continue }
            let count = recv(socket, &discarded, discarded.count, Int32(MSG_DONTWAIT))
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return }
        }
    }
}
