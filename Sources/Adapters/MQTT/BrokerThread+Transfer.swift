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
        } while isProgressing && !inbox.inbound.isFull && !(areSourcesClosed && handle.wantsWrite)
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
            fail(ConnectionFailure("the server sends a packet of more than \(limit) bytes", lane: .slow))
        }
    }

    /// The connection is dead and the library did not notice.
    private func hangUp(_ code: Int32) -> ConnectionFailure {
        if case .handshaking = machine.state, tls != nil {
            return ConnectionFailure(
                "the server closed the connection in the TLS handshake: is this the port of a plain-text service?"
            )
        }
        return ConnectionFailure(code == 0 ? "the server hung up" : KernelError.words(for: code))
    }

    /// The library closed the connection; what it said before counts all the same.
    private func lost(_ failure: MosquittoHandle.CallFailure?, _ now: NIODeadline) {
        let isHandshake = if case .handshaking = machine.state { true } else { false }
        if isHandshake, let connack = inbox.connack, connack.code.isFailure { return receivedConnack(connack, now) }
        if let code = inbox.disconnectCode, code >= 0x80 {
            return fail(
                ConnectionFailure(verb: "the server closed the connection", ReasonCode(UInt8(truncatingIfNeeded: code)))
            )
        }
        if let failure = tlsFailure() { return fail(failure) }
        switch failure.map({ mosq_err_t($0.error.code) }) {
        case MOSQ_ERR_ERRNO: fail(ConnectionFailure(KernelError.words(for: failure?.systemError ?? 0)))
        case MOSQ_ERR_CONN_LOST where isHandshake, nil where isHandshake:
            fail(ConnectionFailure("the server closed the connection before CONNACK: is this an MQTT port?"))
        default:
            fail(ConnectionFailure("\(failure?.error ?? MosquittoError(MOSQ_ERR_CONN_LOST))"))
        }
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
        for acknowledgement in inbox.acknowledgements {
            guard let entry = identifiers.remove(acknowledgement.identifier) else { continue }
            window.acknowledged(qos: entry.qos)
            let code = ReasonCode(acknowledgement.code)
            if entry.owner == PacketIdentifierTable.status {
                let done = status.acknowledged(entry.sequence, isRefused: code.isFailure)
                statusDone += done
                if done.lostAnswers > 0 { logger.warning("the server refused an answer: \(code)") }
            } else {
                let lane = lanes[Int(entry.owner)]
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
    }

    private func settleLanes() {
        for lane in lanes where lane.ring.count > 0 {
            lane.ring.settle { report.settled(sink: lane.index, $0) }
        }
    }

    // MARK: Writing

    /// Status first, then the sinks by turns, as far as the window and the socket allow.
    func publishAndWrite(_ now: NIODeadline) {
        var rounds = 0
        repeat {
            let published = machine.isConnected ? publishStatus(now) + publishData(now) : publishFarewell(now)
            guard handle?.wantsWrite == true else { break }
            write(now)
            rounds += 1
            if published == 0 { break }
        } while handle?.wantsWrite == false && rounds < 4
        hasMoreToPublish = handle?.wantsWrite == false && canPublish
    }

    private func publishFarewell(_ now: NIODeadline) -> Int {
        if case .farewell = machine.state { publishStatus(now) } else { 0 }
    }

    private var canPublish: Bool {
        guard machine.isConnected, identifiers.span < StallGuard.widestSpan else { return false }
        if let next = status.next, window.room(qos: next.qos) > 0 { return true }
        return lanes.contains(where: canPublish)
    }

    private func canPublish(_ lane: PublishLane) -> Bool {
        !lane.isEmpty && window.room(qos: Int(lane.settings.qos)) > 0
    }

    private func publishStatus(_ now: NIODeadline) -> Int {
        var published = 0
        while let message = status.next, window.room(qos: message.qos) > 0, let handle {
            var identifier: Int32 = 0
            let complaint = MQTTText.problem(with: message.topic).map { "the topic \($0)" }
            let properties = answerProperties(message)
            let code = withExtendedLifetime(properties) {
                complaint != nil
                    ? MOSQ_ERR_INVAL.rawValue
                    : message.payload.withUnsafeReadableBytes { payload in
                        handle.publish(
                            topic: message.topic,
                            payload: payload,
                            qos: Int32(message.qos),
                            retain: message.retain,
                            properties: properties?.pointer,
                            identifier: &identifier
                        )
                    }
            }
            if let error = MosquittoError(code: code) {
                let kind = message.answer == nil ? "a status message" : "an answer"
                logger.error("\(kind) on \(message.topic) can't be published: \(complaint ?? "\(error)")")
                report.append(.statusDone(status.dropNext()))
                continue
            }
            let entry = PacketIdentifierTable.Entry(
                owner: PacketIdentifierTable.status,
                qos: UInt8(message.qos),
                sequence: status.publishedNext()
            )
            if !identifiers.insert(identifier, entry) { return published }
            window.published(1, qos: UInt8(message.qos))
            published += 1
        }
        noteUnsent(published)
        return published
    }

    /// Those of an answer; none of a status message.
    private func answerProperties(_ message: StatusMessage) -> PropertyList? {
        guard let answer = message.answer, settings.configuration.protocolVersion == .v5 else { return nil }
        return try? MessageProperties.make(answer)
    }

    /// A turn for each sink, up to four rounds of them, before the socket is written.
    private func publishData(_ now: NIODeadline) -> Int {
        guard let handle, !isHalfWritten else { return 0 }
        var published = 0
        var bytes = 0
        while published < 1024, bytes < 256 << 10, identifiers.span < StallGuard.widestSpan,
            lanes.contains(where: canPublish)
        {
            for offset in lanes.indices {
                let lane = lanes[(nextLane + offset) % lanes.count]
                guard !lane.isEmpty else { continue }
                let room = window.room(qos: Int(lane.settings.qos))
                guard room > 0 else { continue }
                let turn = lane.takeTurn(handle, &identifiers, room: room)
                window.published(turn.published, qos: UInt8(lane.settings.qos))
                published += turn.published
                bytes += turn.bytes
                if let failure = turn.failure {
                    fail(failure)
                    return published
                }
                if let refusal = turn.refusal, lane.tellsRefusal() {
                    logger.warning(
                        "a message was not published: \(refusal)",
                        metadata: ["sink": "\(lane.settings.name)"]
                    )
                }
            }
            if !lanes.isEmpty { nextLane = (nextLane + 1) % lanes.count }
        }
        noteUnsent(published)
        // What was dropped before it could be published.
        settleLanes()
        return published
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
