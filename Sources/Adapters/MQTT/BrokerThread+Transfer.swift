import BridgeCore
import CMosquitto
import Logging
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension BrokerThread {
    // MARK: Reading

    /// Reads until nothing more comes or the batch is full, and acts on what came.
    func read(isAnnounced: Bool, _ now: NIODeadline) {
        guard let handle else { return }
        let callsBefore = inbox.calls
        var isProgressing: Bool
        repeat {
            let calls = inbox.calls
            let messages = inbox.inbound.count
            errno = 0
            let result = handle.loopRead()
            // Without messages nobody else sets it: the library has seen the socket empty.
            let isDrained = errno == EAGAIN && inbox.inbound.count == messages
            isProgressing = inbox.calls != calls && !isDrained
            if case .failure(let failure) = result { return lost(failure, now) }
            if handle.socket < 0 { return lost(nil, now) }
        } while isProgressing && !inbox.inbound.isFull && !isBarredByWriting(handle)
            && inbox.calls - callsBefore < Self.mostCallsPerRead
        if inbox.hasUnacknowledged { handle.withholdAcknowledgements() }
        mayHaveMoreToRead = isProgressing
        hasReadPendingInVain = inbox.calls == callsBefore
        if inbox.calls != callsBefore {
            incompleteSince = nil
            keepAlive.read(now: now)
        } else if isAnnounced {
            readBroughtNothing(handle, now)
        }
        if self.handle != nil { actOnCallbacks(now) }
    }

    /// A PINGRESP, a step of the TLS handshake, part of a packet; or nothing at all, again and again.
    private func readBroughtNothing(_ handle: MosquittoHandle, _ now: NIODeadline) {
        let total = SocketFacts.bytesRead(handle.socket).map { max($0, bytesRead) }
        if let total, total == bytesRead {
            if isHangUpAnnounced {
                let code = SocketFacts.error(handle.socket)
                fail(tlsFailure() ?? hangUp(code))
            } else if spinGuard.wokeInVain(now: now) {
                fail(tlsFailure() ?? hangUp(0))
            }
            return
        }
        keepAlive.read(now: now)
        guard let total else { return }
        bytesRead = total
        let begin = incompleteSince ?? total
        incompleteSince = begin
        let limit = UInt64(settings.largestPacket)
        if total - begin > limit {
            fail(
                ConnectionFailure(
                    "the server sends a packet of more than \(limit) bytes",
                    lane: .slow,
                    evidence: .none
                )
            )
        }
    }

    /// The connection is dead and the library did not notice.
    private func hangUp(_ code: Int32) -> ConnectionFailure {
        if case .handshaking = machine.state {
            guard tls != nil else { return closedBeforeConnack }
            return ConnectionFailure(
                "the server closed the connection in the TLS handshake: is this the port of a plain-text service?"
            )
        }
        return code == 0 ? ConnectionFailure("the server hung up") : networkFailure(code)
    }

    /// A reset is the server's; all else, such as a timeout of the kernel's, may be the network's.
    func networkFailure(_ code: Int32) -> ConnectionFailure {
        let isServers = code == ECONNRESET || code == EPIPE
        return ConnectionFailure(KernelError.words(for: code), evidence: isServers ? .server : .silence)
    }

    /// The library closed the connection; what it said before counts all the same.
    private func lost(_ failure: MosquittoHandle.CallFailure?, _ now: NIODeadline) {
        let isHandshake = if case .handshaking = machine.state { true } else { false }
        if isHandshake, let connack = inbox.connack, connack.code.isFailure { return receivedConnack(connack, now) }
        if let code = inbox.disconnectCode, code >= 0x80 {
            return fail(ConnectionFailure(goodbye: ReasonCode(UInt8(truncatingIfNeeded: code))))
        }
        if let failure = tlsFailure() { return fail(failure) }
        switch failure.map({ mosq_err_t($0.error.code) }) {
        case MOSQ_ERR_ERRNO where isHandshake && [ECONNRESET, EPIPE].contains(failure?.systemError):
            fail(closedBeforeConnack)
        case MOSQ_ERR_ERRNO:
            fail(networkFailure(failure?.systemError ?? 0))
        case MOSQ_ERR_CONN_LOST where isHandshake, nil where isHandshake:
            fail(closedBeforeConnack)
        case MOSQ_ERR_CONN_LOST, nil:
            fail(ConnectionFailure("\(MosquittoError(MOSQ_ERR_CONN_LOST))"))
        default:
            // The library ended it: nothing of ours was the reason.
            fail(ConnectionFailure(failure.map { "\($0.error)" } ?? "", evidence: .none))
        }
    }

    private var closedBeforeConnack: ConnectionFailure {
        let words = "the server closed the connection before CONNACK: is this an MQTT port?"
        guard settings.configuration.protocolVersion == .v5 else { return ConnectionFailure(words) }
        return ConnectionFailure("\(words) It may not speak MQTT 5: try protocol_version: \"3.1.1\"")
    }

    private func actOnCallbacks(_ now: NIODeadline) {
        collect(now)
        if let connack = inbox.connack {
            inbox.connack = nil
            receivedConnack(connack, now)
        }
        if handle != nil, !inbox.subacks.isEmpty { receivedSubacks(now) }
    }

    /// Puts acknowledgements and received messages into the report.
    func collect(_ now: NIODeadline) {
        settleAcknowledged(now)
        if inbox.unwanted > 0 {
            if !hasToldUnwanted {
                hasToldUnwanted = true
                logger.warning(
                    "the server sends messages that no route subscribes to: its session holds subscriptions of an older configuration; they are ignored"
                )
            }
            inbox.unwanted = 0
        }
        if inbox.hasReturn, !hasToldReturn {
            hasToldReturn = true
            logger.warning(
                """
                a message that had gone through '\(settings.configuration.instance)' came back and is not taken: the \
                gateways form a ring, or another one calls itself the same and needs an `instance` of its own
                """
            )
        }
        guard !inbox.inbound.isEmpty else { return }
        let run = gate.deliver(isAcknowledged: inbox.inbound.isAcknowledged, bytes: inbox.inbound.bytes.readableBytes)
        unsentPackets += inbox.inbound.isAcknowledged ? inbox.inbound.count : 0
        let capacity = inbox.inbound.bytes.readableBytes
        report.append(.received(inbox.inbound, run: run, at: now))
        inbox.inbound = InboundBatch(sources: settings.sourceCount, capacity: capacity)
    }

    private func settleAcknowledged(_ now: NIODeadline) {
        guard !inbox.acknowledgements.isEmpty else { return }
        let oldest = identifiers.oldest
        var statusDone = StatusDone()
        let isHoldingBack = poison.isActive
        for acknowledgement in inbox.acknowledgements {
            guard let entry = identifiers.remove(acknowledgement.identifier) else { continue }
            if isHoldingBack { poison.answered(entry.owner) }
            window.acknowledged(qos: entry.qos)
            let code = ReasonCode(acknowledgement.code)
            if entry.owner == PacketIdentifierTable.status {
                let done = status.acknowledged(entry.sequence, isRefused: code.isFailure)
                statusDone += done
                if done.lostAnswers > 0 { logger.warning("the server refused an answer: \(code)") }
                if done.refused > 0, !hasToldStatusRefusal {
                    hasToldStatusRefusal = true
                    logger.warning("the server refused a status message: \(code)")
                }
            } else {
                let lane = lanes[Int(entry.owner)]
                lane.wasAnswered = true
                lane.ring.resolve(entry.sequence, as: code.isFailure ? .dropped(.refused) : .delivered)
                if code.isFailure, lane.tellsRefusal() {
                    logger.warning("the server refused a message: \(code)", metadata: ["sink": "\(lane.settings.name)"])
                }
            }
        }
        inbox.acknowledgements.removeAll(keepingCapacity: true)
        if identifiers.oldest != oldest { stallGuard.progressed(now: now) }
        if statusDone.count > 0 { report.append(.statusDone(statusDone)) }
        settleLanes()
        if status.wasAnswered { parts.passed(.beginningStatus) }
    }

    private func settleLanes() {
        for lane in lanes where lane.ring.count > 0 {
            lane.settle { report.settled(sink: lane.index, $0) }
        }
    }

    // MARK: Writing

    /// Status first, then the sinks by turns, as far as the window and the socket allow.
    func publishAndWrite(_ now: NIODeadline) {
        var rounds = 0
        repeat {
            let published = machine.isConnected ? publishAllowed(now) : publishFarewell(now)
            guard handle?.wantsWrite == true else { break }
            write(now)
            rounds += 1
            if published == 0 { break }
        } while handle?.wantsWrite == false && rounds < 4
        hasMoreToPublish = handle?.wantsWrite == false && canPublish
    }

    private func publishAllowed(_ now: NIODeadline) -> Int {
        guard !isExperimentOver(now) else { return 0 }
        let published =
            poison.isActive ? publishHeldBack(now) : publishStatus(now) + (holdsBackData ? 0 : publishData(now))
        if published > 0 { lastPublish = now }
        return published
    }

    private func publishFarewell(_ now: NIODeadline) -> Int {
        if case .farewell = machine.state { publishStatus(now) } else { 0 }
    }

    private var canPublish: Bool {
        guard machine.isConnected, identifiers.span < StallGuard.widestSpan else { return false }
        // One at a time: the next goes when the last is answered.
        guard !poison.isActive, experiment == nil || !isExperimentOver(.now()) else { return false }
        if parts.isCautious, status.inFlightCount > 0 { return lanes.contains(where: canPublish) }
        if let next = status.next, window.room(qos: next.qos) > 0 { return true }
        return !holdsBackData && lanes.contains(where: canPublish)
    }

    /// The status topics are tried again, alone: data in flight beside them would hide what the connection ends over.
    private var holdsBackData: Bool { parts.mode == .with(.topics) && !status.wasAnswered }

    private func canPublish(_ lane: PublishLane) -> Bool {
        !lane.isEmpty && window.room(qos: Int(lane.settings.qos)) > 0
    }

    private func publishStatus(_ now: NIODeadline) -> Int {
        var published = 0
        while let message = status.next, window.room(qos: message.qos) > 0, handle != nil,
            !parts.isCautious || status.inFlightCount == 0
        {
            let count = publishStatus(at: 0)
            if count == 0 { break }
            published += count
        }
        return published
    }

    /// Publishes the status message at this place; one that can't be is dropped.
    func publishStatus(at offset: Int) -> Int {
        while let message = status.waiting(at: offset), let handle {
            var identifier: Int32 = 0
            let qos = min(message.qos, maximumQoS)
            let complaint = MQTTText.problem(with: message.topic).map { "the topic \($0)" }
            let properties = answerProperties(message)
            let code = withExtendedLifetime(properties) {
                complaint != nil
                    ? MOSQ_ERR_INVAL.rawValue
                    : message.payload.withUnsafeReadableBytes { payload in
                        handle.publish(
                            topic: message.topic,
                            payload: payload,
                            qos: Int32(qos),
                            retain: message.retain && parts.has(.retain),
                            properties: properties?.pointer,
                            identifier: &identifier
                        )
                    }
            }
            if let error = MosquittoError(code: code) {
                let kind = message.answer == nil ? "a status message" : "an answer"
                logger.error("\(kind) on \(message.topic) can't be published: \(complaint ?? "\(error)")")
                report.append(.statusDone(status.drop(at: offset)))
                continue
            }
            let entry = PacketIdentifierTable.Entry(
                owner: PacketIdentifierTable.status,
                qos: UInt8(qos),
                sequence: status.published(at: offset)
            )
            if !identifiers.insert(identifier, entry) { return 0 }
            window.published(1, qos: UInt8(qos))
            noteUnsent(1)
            return 1
        }
        return 0
    }

    /// Those of an answer; none of a status message.
    private func answerProperties(_ message: StatusMessage) -> PropertyList? {
        guard let answer = message.answer, settings.configuration.protocolVersion == .v5 else { return nil }
        return try? MessageProperties.make(answer)
    }

    /// A turn for each sink, up to four rounds of them, before the socket is written.
    private func publishData(_ now: NIODeadline) -> Int {
        guard handle != nil, !isHalfWritten else { return 0 }
        var published = 0
        var bytes = 0
        while published < 1024, bytes < 256 << 10, identifiers.span < StallGuard.widestSpan,
            lanes.contains(where: canPublish)
        {
            for offset in lanes.indices {
                let lane = lanes[(nextLane + offset) % lanes.count]
                guard !lane.isEmpty else { continue }
                let turn = publish(lane, limit: .max)
                published += turn.published
                bytes += turn.bytes
                if turn.failure != nil { return published }
            }
            if !lanes.isEmpty { nextLane = (nextLane + 1) % lanes.count }
        }
        return published
    }

    /// A sink's turn: publishes as many as the window and the limit allow.
    func publish(_ lane: PublishLane, limit: Int) -> PublishLane.Turn {
        let room = min(window.room(qos: Int(lane.settings.qos)), limit)
        guard let handle, room > 0, !lane.isEmpty else { return PublishLane.Turn() }
        let turn = lane.takeTurn(handle, &identifiers, room: room)
        window.published(turn.published, qos: UInt8(lane.settings.qos))
        noteUnsent(turn.published)
        if let refusal = turn.refusal, lane.tellsRefusal() {
            logger.warning("a message was not published: \(refusal)", metadata: ["sink": "\(lane.settings.name)"])
        }
        if let failure = turn.failure {
            fail(failure)
        } else {
            // What was dropped before it could be published is not in flight.
            lane.settle { report.settled(sink: lane.index, $0) }
        }
        return turn
    }

    private func noteUnsent(_ count: Int) {
        unsentPackets += count
        if count > 0 { hasUnsentPublish = true }
    }

    /// Writes all that is queued, corked where it is more than one packet.
    func write(_ now: NIODeadline) {
        guard let handle, handle.wantsWrite else { return }
        let isCorked = unsentPackets > 1
        if isCorked { SocketFacts.cork(handle.socket, true) }
        let result = handle.loopWrite()
        if case .failure(let failure) = result { return lost(failure, now) }
        if handle.socket < 0 { return lost(nil, now) }
        if isCorked { SocketFacts.cork(handle.socket, false) }
        isHalfWritten = handle.wantsWrite
        keepAlive.wrote(now: now)
        if hasUnsentPublish, !isHalfWritten || isWritableAnnounced { stallGuard.progressed(now: now) }
        if !isHalfWritten {
            unsentPackets = 0
            hasUnsentPublish = false
        }
        // At QoS 0 a message counts as delivered once it is written.
        settleAcknowledged(now)
    }
}
