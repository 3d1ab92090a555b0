import BridgeCore
import Logging
import NIOCore

/// The effects of the two suspicions: the messages that go, the verdict at a connection's end, the end of an experiment.
extension BrokerThread {
    // MARK: Before and while connecting

    /// The last will as the server takes it.
    var will: StatusMessage? {
        guard parts.has(.will), var will = settings.will else { return nil }
        will.retain = will.retain && parts.has(.retain)
        will.qos = min(will.qos, maximumQoS)
        return will
    }

    /// Subscriptions that this connection is without.
    var leftOutSubscriptions: Set<Int> {
        let all = settings.subscriptions.subscriptions
        return Set(all.indices.filter { !parts.has(all[$0].sources.isEmpty ? .commands : .subscription($0)) })
    }

    /// The part whose SUBSCRIBE was the first that had no answer: the server takes them in order.
    private var firstSubscribing: StatusPart? {
        let answered = inbox.subacks.map(\.identifier)
        let open = subscribing.filter { !answered.contains($0.key) }
        guard let request = open.min(by: { $0.key < $1.key })?.value else { return nil }
        let isOurs = settings.subscriptions.subscriptions[request.index].sources.isEmpty
        return isOurs ? .commands : .subscription(request.index)
    }

    /// Notes the server's bounds, as CONNACK tells them.
    func note(_ connack: CallbackInbox.Connack) {
        maximumQoS = connack.maximumQoS.map(Int.init) ?? 2
        if connack.retainAvailable == 0 { giveUp(.retain) }
    }

    /// The connection may publish from now on.
    func beginExperiment(_ now: NIODeadline) {
        for lane in lanes { lane.retains = lane.settings.retain && parts.has(.retain) }
        let done = status.connected(publishesTopics: parts.has(.topics))
        if done.count > 0 { report.append(.statusDone(done)) }
        var time = parts.controlTime
        switch poison.mode {
        case .control(let accused): time = max(time ?? .zero, accused.controlTime)
        case .trial: time = max(time ?? .zero, PoisonSuspicion.shortestControl)
        case .trusting, .isolating: break
        }
        experiment = time.map { Experiment(time: $0, now: now) }
    }

    // MARK: Which messages go

    /// Publishes what the suspicion allows: one message at a time, if any.
    func publishHeldBack(_ now: NIODeadline) -> Int {
        guard identifiers.span == 0, !isHalfWritten else { return 0 }
        switch poison.mode {
        case .trusting:
            return 0
        case .isolating:
            forgetIdleSuspects(now)
            let owners = poison.owners + [PacketIdentifierTable.status] + lanes.indices.map { UInt16($0) }
            for owner in owners {
                let published = publishOne(of: owner, now)
                if published > 0 || handle == nil { return published }
            }
            return 0
        case .trial(let accused):
            return publishAlone(accused, now)
        case .control(let accused):
            guard experiment?.hasPublished == false else { return 0 }
            let published = publishInstead(of: accused, now)
            if published > 0 { experiment?.published(now: now) }
            return published
        }
    }

    /// Clears owners that have nothing to send some time after the connect: their queues let go what was in flight.
    private func forgetIdleSuspects(_ now: NIODeadline) {
        guard case .connected(let since) = machine.state, now - since >= PoisonSuspicion.shortestControl else { return }
        for owner in poison.owners {
            let isIdle = owner == PacketIdentifierTable.status ? status.next == nil : lanes[Int(owner)].isEmpty
            if isIdle { poison.hasNone(owner) }
        }
    }

    private func publishOne(of owner: UInt16, _ now: NIODeadline) -> Int {
        if owner == PacketIdentifierTable.status { return publishStatus(at: 0) }
        return publish(lanes[Int(owner)], limit: 1).published
    }

    private func publishAlone(_ accused: PoisonSuspicion.Accused, _ now: NIODeadline) -> Int {
        let identity = accused.identity
        var published = 0
        if identity.owner == PacketIdentifierTable.status {
            guard let place = status.place(of: identity) else { return 0 }
            published = publishStatus(at: place)
        } else {
            let lane = lanes[Int(identity.owner)]
            guard let first = lane.oldest else { return 0 }
            guard first.identity == identity else {
                poison.accusedIsGone()
                return poison.isActive ? publishHeldBack(now) : 0
            }
            published = publishOne(of: identity.owner, now)
        }
        if published > 0 { experiment?.published(now: now) }
        return published
    }

    private func hasOtherData(than identity: MessageIdentity) -> Bool {
        lanes.contains { lane in
            lane.settings.qos > 0 && (lane.index == Int(identity.owner) ? lane.waiting > 1 : !lane.isEmpty)
        }
    }

    /// Another message in the place of the accused: of another owner, or one that waits behind it.
    private func publishInstead(of accused: PoisonSuspicion.Accused, _ now: NIODeadline) -> Int {
        let identity = accused.identity
        let isStatus = identity.owner == PacketIdentifierTable.status
        var candidates: [() -> Int] = []
        // Status proves nothing for a broker that won't have data; at QoS 0 nothing is answered.
        if maximumQoS > 0, isStatus || !hasOtherData(than: identity),
            let place = status.place(ofOtherThan: isStatus ? identity : nil)
        {
            candidates.append { self.publishStatus(at: place) }
        }
        for lane in lanes where !lane.isEmpty && lane.settings.qos > 0 && lane.index != Int(identity.owner) {
            candidates.append { self.publish(lane, limit: 1).published }
        }
        if !isStatus {
            let lane = lanes[Int(identity.owner)]
            if let first = lane.oldest, first.identity != identity {
                poison.accusedIsGone()
                return poison.isActive ? publishHeldBack(now) : 0
            }
            if lane.waiting > 1, lane.settings.qos > 0 {
                experiment?.leavesOthers = true
                if accused.yieldsToItsOwn, let experiment, experiment.yieldAt <= now {
                    for number in 1..<min(lane.waiting, 64) {
                        candidates.append {
                            for _ in 0..<number { lane.hold() }
                            return self.publish(lane, limit: 1).published
                        }
                    }
                }
            }
        }
        guard !candidates.isEmpty else { return 0 }
        return candidates[accused.passedOver % candidates.count]()
    }

    // MARK: While it stands

    /// The moment at which the experiment wants to be looked at; after its time an answer is waited for.
    var experimentDeadline: NIODeadline? {
        guard machine.isConnected, let experiment else { return nil }
        let now = NIODeadline.now()
        return [experiment.yieldAt, experiment.deadline, experiment.limit].compactMap(\.self).first { $0 > now }
    }

    /// True once it has stood its time and a ping was answered: nothing more is published before what follows from it.
    func isExperimentOver(_ now: NIODeadline) -> Bool {
        guard let experiment, let pingedAt = experiment.pingedAt else { return false }
        return experiment.deadline <= now && keepAlive.hasRead(since: pingedAt)
    }

    func checkExperiment(_ now: NIODeadline) {
        guard machine.isConnected, let experiment else { return }
        // At its end: an answer at its beginning would say nothing of what came after it.
        if experiment.pingedAt == nil, experiment.deadline <= now, mayRead, !isHalfWritten, let handle,
            isWritable(handle.socket), handle.ping()
        {
            self.experiment?.pingedAt = now
        }
        if let limit = experiment.limit, limit <= now, identifiers.span == 0, mayRead, !isExperimentOver(now) {
            return fail(ConnectionFailure("the server did not answer a ping in time", evidence: .silence))
        }
        // The answers to what is in flight come first, so that nothing arrives twice.
        guard isExperimentOver(now), identifiers.span == 0, gate.mayWrite else { return }
        self.experiment = nil
        switch poison.mode {
        case .control:
            let isEnough = experiment.hasPublished || !experiment.leavesOthers
            poison.controlStood(isEnough ? .enough : .ping)
            _ = parts.controlStood()
            endOnPurpose("a message is tried alone, since the server ended the connection over it", now)
        case .trial:
            // Its queue has let it go, or it would be on its way.
            if !experiment.hasPublished { poison.accusedIsGone() }
        case .trusting, .isolating:
            guard parts.controlStood() else { break }
            endOnPurpose("what the server may have ended the connection over is tried again", now)
        }
    }

    /// Without DISCONNECT: until the next connection stands, which may never be, the last will tells the truth.
    private func endOnPurpose(_ reason: String, _ now: NIODeadline) {
        endInOrder(saysGoodbye: false)
        wait(ConnectionFailure(reason, lane: .atOnce, evidence: .none), now)
    }

    // MARK: What an end means

    /// Learns from the end of a connection; returns how soon to try again, if not as usual.
    func judge(_ failure: ConnectionFailure, _ now: NIODeadline) -> ConnectionFailure.Lane? {
        experiment = nil
        guard handle != nil, failure.evidence != .none, let stage else { return nil }
        if stage == .connecting, let code = failure.code { return judge(refusal: code) }
        if stage == .connecting, tlsFailure() != nil { return nil }
        if failure.code?.value == 0x9A, parts.has(.retain) {
            giveUp(.retain)
            return .atOnce
        }
        let isSilence = failure.evidence == .silence && machine.isConnected
        // The parts had their turn first: a message that is being found out is not forgotten over them.
        let verdict: PartSuspicion.Verdict =
            poison.isActive && machine.isConnected
            ? .doNothing : parts.ended(at: isSilence ? .other : stage, life: now - attemptBegan)
        switch verdict {
        case .giveUp(let part):
            poison.forget()
            tell(part)
            return .atOnce
        case .hurry:
            poison.forget()
            return .atOnce
        case .doNothing:
            break
        }
        guard parts.mode == .trusting, machine.isConnected else { return nil }
        let wasActive = poison.isActive
        defer { if poison.isActive, !wasActive { tellSuspicion(isNamed: failure.code != nil) } }
        switch poison.ended(flight(failure, now)) {
        case .doNothing:
            return nil
        case .hurry:
            return .atOnce
        case .giveUp:
            giveUpAccused()
            return .atOnce
        }
    }

    /// A CONNACK may be about the will.
    private func judge(refusal code: ReasonCode) -> ConnectionFailure.Lane? {
        guard settings.will != nil, parts.has(.will) else { return nil }
        switch code.value {
        case 0x9A where parts.has(.retain):
            giveUp(.retain)
        case 0x9B where maximumQoS > 0:
            maximumQoS = 0
        case 0x90, 0x99:
            giveUp(.will)
        default:
            return nil
        }
        return .atOnce
    }

    private var stage: ConnectionStage? {
        switch machine.state {
        case .handshaking: return .connecting
        case .subscribing: return firstSubscribing.map { .subscribing($0) }
        case .connected: break
        case .idle, .connecting, .backoff, .farewell, .stopped: return nil
        }
        // Whatever else is in flight: until one was answered, the status topics are in question.
        if status.inFlightCount > 0, !status.wasAnswered { return .beginningStatus }
        guard let owner = identifiers.oldestOwner, owner != PacketIdentifierTable.status else { return .other }
        let lane = lanes[Int(owner)]
        return lane.retains && !lane.wasAnswered ? .retaining : .other
    }

    private func flight(_ failure: ConnectionFailure, _ now: NIODeadline) -> Flight {
        var flight = Flight(life: now - lastPublish, isSilence: failure.evidence == .silence)
        flight.isNamed = failure.code?.isAboutAMessage ?? false
        if let oldest = status.oldestInFlight {
            flight.parts.append(Flight.Part(oldest: oldest, count: status.inFlightCount))
        }
        for lane in lanes where lane.ring.count > 0 {
            guard let oldest = lane.oldest else { continue }
            flight.parts.append(Flight.Part(oldest: oldest.identity, count: lane.ring.count))
        }
        if let owner = identifiers.oldestOwner,
            let index = flight.parts.firstIndex(where: { $0.oldest.owner == owner })
        {
            flight.parts.swapAt(0, index)
        }
        return flight
    }

    private func tellSuspicion(isNamed: Bool) {
        let reason =
            isNamed
            ? "the server ended the connection over a message"
            : "\(PoisonSuspicion.endsBeforeSuspicion) connections ended with the same message unacknowledged"
        logger.warning("\(reason): the \(poison.suspectCount) that were in flight go one by one, to find out which")
    }

    /// The message that was alone in flight is the one.
    private func giveUpAccused() {
        if let (message, done) = status.giveUpOldest() {
            report.append(.statusDone(done))
            let advice =
                message.answer == nil
                ? "; nothing more is published on its topic; `status: { mqtt: none }` does without status topics" : ""
            logger.error("\(Self.words(message.topic, message.payload.readableBytes))\(advice)")
            return
        }
        guard let lane = lanes.first(where: { $0.ring.count > 0 }), let message = lane.oldest else { return }
        lane.ring.resolveOldest(as: .dropped(.refused))
        lane.settle { report.settled(sink: lane.index, $0) }
        logger.error("\(Self.words(message.topic, message.bytes))", metadata: ["sink": "\(lane.settings.name)"])
    }

    private static func words(_ topic: String, _ bytes: Int) -> String {
        "the server ends the connection over a message of \(bytes) bytes on \(topic): it is given up as refused"
    }

    private func giveUp(_ part: StatusPart) {
        guard !parts.givenUp.contains(part) else { return }
        parts.giveUp(part)
        if settings.statusParts.contains(part) { tell(part) }
    }

    private func tell(_ part: StatusPart) {
        switch part {
        case .retain:
            for lane in lanes { lane.retains = false }
            logger.warning(
                """
                the server keeps no retained messages: status topics, the last will and what `retain: true` asks for go out \
                unretained, so who subscribes later doesn't see them
                """
            )
        case .will:
            logger.warning(
                """
                the server refuses the connection for its last will: it goes on without, so nobody is told when the \
                gateway is lost; \(Self.advice)
                """
            )
        case .commands:
            logger.warning(
                """
                the server ends the connection at the subscription to commands: it goes on without, so commands don't come \
                from this broker; \(Self.advice)
                """
            )
        case .subscription(let index):
            let filter = settings.subscriptions.subscriptions[index].filter
            logger.error(
                """
                the server ends the connection at the subscription to \(filter): it goes on without, and nothing will come \
                from it; allow it at the broker and start the gateway anew
                """
            )
        case .topics:
            logger.warning(
                "the server ends the connection at the status topics: they are not published any more; \(Self.advice)"
            )
        }
    }

    private static let advice =
        "allow it at the broker and start the gateway anew, or write `status: { mqtt: none }`"
}
