import BridgeCore
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

/// The loop of one broker's thread: the only place that calls libmosquitto.
///
/// Per wake-up: orders in, read, deliver, publish, write, sleep until the socket, an order or a deadline. Everything
/// that happened goes to the event loop in one report.
final class BrokerThread {
    /// A report of settlements alone waits for so many, or so long.
    private static let settlementsPerReport = 512
    private static let longestReportWait = TimeAmount.milliseconds(1)
    /// Packets that one step reads at most, where none of them fills a batch.
    static let mostCallsPerRead = 1024

    let settings: BrokerSettings
    let handOver: HandOver
    let send: @Sendable (BrokerReport) -> Void
    let readSecret: @Sendable (Secret) throws -> String
    let logger: Logger
    var addresses: BrokerAddresses

    var machine: BrokerStateMachine
    var random = SystemRandomNumberGenerator()
    var report = BrokerReport()

    /// What belongs to one connection attempt.
    var handle: MosquittoHandle?
    var inbox: CallbackInbox
    var tls: TLSContext?
    var keepAlive: KeepAlive
    var spinGuard: SpinGuard
    var stallGuard: StallGuard
    var subscribing: [Int32: SubscriptionTable.Request] = [:]
    var refusedSubscriptions: Set<Int> = []
    var requestedSubscriptions: Set<Int> = []
    var usesIdentifiers = false
    var window = SendWindow()
    var identifiers = PacketIdentifierTable()
    /// The library began a packet that the socket didn't take whole.
    var isHalfWritten = false
    var unsentPackets = 0
    var hasUnsentPublish = false
    var mayHaveMoreToRead = false
    /// OpenSSL holds bytes that make no packet yet: the rest must come from the socket.
    var hasReadPendingInVain = false
    var bytesRead: UInt64 = 0
    /// Bytes read when the packet that is still incomplete was first noticed.
    var incompleteSince: UInt64?

    /// What outlives a connection.
    let lanes: [PublishLane]
    var nextLane = 0
    var status = StatusLane()
    var gate = AcceptanceGate()
    var poison = PoisonSuspicion()
    var parts: PartSuspicion
    var experiment: Experiment?
    /// The server takes none above it.
    var maximumQoS = 2
    var attemptBegan = NIODeadline.now()
    var lastPublish = NIODeadline.now()
    var hasToldStatusRefusal = false
    var hasToldSessionExpiry = false
    var epoch: UInt32 = 0
    var lostEpoch: UInt32 = 0
    var isReadingWanted = true
    /// Every source has stopped: what the server still sends is not taken and not acknowledged, so that it keeps it.
    var areSourcesClosed = false
    var hasMoreToPublish = false
    var hasToldUnwanted = false
    var hasToldReturn = false

    private var reportWaitsSince: NIODeadline?
    private var orders: ContiguousArray<BrokerOrder> = []
    private var descriptors = [pollfd(), pollfd()]
    private var readyEvents: Int16 = 0

    init(
        _ settings: BrokerSettings,
        handOver: HandOver,
        logger: Logger,
        readSecret: @escaping @Sendable (Secret) throws -> String,
        lookup: @escaping BrokerAddresses.Lookup,
        send: @escaping @Sendable (BrokerReport) -> Void
    ) {
        self.settings = settings
        self.handOver = handOver
        self.logger = logger
        self.readSecret = readSecret
        addresses = BrokerAddresses(lookup: lookup)
        self.send = send
        let isV5 = settings.configuration.protocolVersion == .v5
        machine = BrokerStateMachine(handshakeTimeout: TimeAmount(settings.configuration.connectTimeout))
        inbox = CallbackInbox(settings)
        let now = NIODeadline.now()
        keepAlive = KeepAlive(interval: nil, now: now)
        spinGuard = SpinGuard(now: now)
        stallGuard = StallGuard(now: now)
        parts = PartSuspicion(carried: settings.statusParts, saysWhatItRetains: isV5)
        lanes = settings.sinks.enumerated().map { PublishLane($1, index: $0, isV5: isV5) }
    }

    func run() {
        MosquittoLibrary.acceptInterruption()
        if machine.start() { connect() }
        while machine.state != .stopped {
            takeOrders()
            step()
            if !canReportWait(.now()) { flushReport() }
            if machine.state != .stopped { sleep() }
        }
        handOver.close()
        report.append(.changed(.stopped))
        report.append(.ended)
        flushReport()
    }

    func flushReport() {
        reportWaitsSince = nil
        guard !report.isEmpty else { return }
        send(report)
        report = BrokerReport()
    }

    /// While there is enough to publish, the event loop need not be woken for every few acknowledgements.
    private func canReportWait(_ now: NIODeadline) -> Bool {
        guard !report.isEmpty, !report.isUrgent, report.settledCount < Self.settlementsPerReport,
            lanes.contains(where: { $0.waiting >= Self.settlementsPerReport })
        else { return false }
        let begin = reportWaitsSince ?? now
        reportWaitsSince = begin
        return now < begin + Self.longestReportWait
    }

    // MARK: Orders

    private func takeOrders() {
        if orders.isEmpty { handOver.take(into: &orders, beforeSleep: false) }
        for order in orders { obey(order) }
        orders.removeAll(keepingCapacity: true)
    }

    private func obey(_ order: BrokerOrder) {
        switch order {
        case .publish(let order):
            if order.epoch == epoch, machine.isConnected { lanes[order.sink].append(order) }
        case .status(let message):
            appendStatus(message)
        case .accepted(let run):
            gate.accept(run)
        case .refused(let run):
            if handle != nil, gate.isPending(run) {
                fail(
                    ConnectionFailure(
                        "the spool did not take what was received: the server keeps it and sends it again",
                        evidence: .none
                    )
                )
            }
        case .setReading(let isWanted):
            isReadingWanted = isWanted
        case .closeSources:
            closeSources()
            report.append(.sourcesClosed)
        case .stop(let farewell, let deadline):
            stop(farewell, deadline)
        }
    }

    private func closeSources() {
        areSourcesClosed = true
        inbox.takesMessages = false
    }

    private func appendStatus(_ message: StatusMessage) {
        let done = status.append(message)
        if done.count > 0 { report.append(.statusDone(done)) }
    }

    private func stop(_ farewell: [StatusMessage], _ deadline: NIODeadline) {
        // Commands too: the last stats are among the farewell.
        closeSources()
        switch machine.stop(deadline: deadline) {
        case .doNothing:
            break
        case .sayFarewell:
            for message in farewell { appendStatus(message) }
        case .finish:
            dropConnection()
        }
    }

    // MARK: One wake-up

    private func step() {
        let now = NIODeadline.now()
        switch machine.deadlinePassed(now: now) {
        case .doNothing: break
        case .connect: connect()
        case .fail(let failure): fail(failure)
        case .endFarewell: endFarewell(isAcknowledged: false)
        }
        guard let handle else { return }
        noteReading(now)
        let isAnnounced = readyEvents & Int16(POLLIN | POLLERR | POLLHUP) != 0
        if mayRead, isAnnounced || hasBufferedInput(handle) { read(isAnnounced: isAnnounced, now) }
        if self.handle != nil, gate.mayWrite { checkExperiment(now) }
        if self.handle != nil, gate.mayWrite { publishAndWrite(now) }
        if self.handle != nil { keepAlive(now) }
        if self.handle != nil { checkStall(now) }
        if case .farewell = machine.state, status.isEmpty, self.handle?.wantsWrite == false {
            endFarewell(isAcknowledged: true)
        }
    }

    /// Whether there may be packets to read that `poll` would not announce.
    private func hasBufferedInput(_ handle: MosquittoHandle) -> Bool {
        mayHaveMoreToRead || (!hasReadPendingInVain && handle.hasPendingBytes)
    }

    /// Paused sources pause the whole connection; its handshake and its farewell need to be read all the same.
    ///
    /// Without sources it is read only while something waits for its acknowledgement, and never while the library has
    /// something to write: what is read may bar the library from writing.
    var mayRead: Bool {
        guard gate.mayRead else { return false }
        if let handle, isBarredByWriting(handle) { return false }
        guard machine.isConnected else { return true }
        if areSourcesClosed { return identifiers.span > 0 || !status.isEmpty || experiment != nil }
        return isReadingWanted
    }

    /// Once acknowledgements are withheld, only our own packets wait to be written.
    func isBarredByWriting(_ handle: MosquittoHandle) -> Bool {
        areSourcesClosed && !handle.withholdsAcknowledgements && handle.wantsWrite
    }

    private func noteReading(_ now: NIODeadline) {
        if mayRead {
            keepAlive.readingResumed(now: now)
        } else {
            keepAlive.readingPaused()
            stallGuard.progressed(now: now)
        }
    }

    private func keepAlive(_ now: NIODeadline) {
        guard machine.isConnected else { return }
        switch keepAlive.due(now: now) {
        case .doNothing:
            break
        case .giveUp:
            fail(ConnectionFailure("the server did not answer within the keep-alive", evidence: .silence))
        case .sendPing:
            guard !isHalfWritten, let handle, isWritable(handle.socket) else { return }
            if !handle.ping() { fail(networkFailure(errno)) }
        }
    }

    func isWritable(_ socket: Int32) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        return poll(&descriptor, 1, 0) == 1
    }

    private func checkStall(_ now: NIODeadline) {
        guard identifiers.span > 0 else { return stallGuard.progressed(now: now) }
        guard stallGuard.deadline <= now else { return }
        fail(
            ConnectionFailure(
                "the server did not acknowledge a message for \(StallGuard.limit.nanoseconds / 1_000_000_000) s",
                evidence: .silence
            )
        )
    }

    // MARK: Sleeping

    private func sleep() {
        var timeout = self.timeout(.now())
        if timeout != 0 {
            handOver.take(into: &orders, beforeSleep: true)
            if !orders.isEmpty { timeout = 0 }
        }
        descriptors[0] = pollfd(fd: handOver.wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
        descriptors[1] = pollfd(fd: -1, events: 0, revents: 0)
        if let handle {
            var events: Int32 = mayRead ? Int32(POLLIN) : 0
            if gate.mayWrite, handle.wantsWrite { events |= Int32(POLLOUT) }
            // Without events the kernel would still announce a hang-up, over and over.
            if events != 0 { descriptors[1] = pollfd(fd: handle.socket, events: Int16(events), revents: 0) }
        }
        let count = poll(&descriptors, 2, timeout)
        guard count > 0 else {
            readyEvents = 0
            return
        }
        if descriptors[0].revents != 0 { handOver.wakeUp.clear() }
        readyEvents = descriptors[1].revents
    }

    /// In milliseconds; -1 = until something happens.
    private func timeout(_ now: NIODeadline) -> Int32 {
        if let handle {
            if mayRead, hasBufferedInput(handle) { return 0 }
            if gate.mayWrite, hasMoreToPublish { return 0 }
        }
        var deadline = machine.deadline
        func consider(_ other: NIODeadline?) {
            guard let other else { return }
            deadline = deadline.map { min($0, other) } ?? other
        }
        if let reportWaitsSince { consider(reportWaitsSince + Self.longestReportWait) }
        if handle != nil {
            if machine.isConnected { consider(keepAlive.deadline) }
            if identifiers.span > 0 { consider(stallGuard.deadline) }
            if gate.mayWrite { consider(experimentDeadline) }
        }
        guard let deadline else { return -1 }
        let nanoseconds = (deadline - now).nanoseconds
        return nanoseconds <= 0 ? 0 : Int32(min(nanoseconds / 1_000_000 + 1, 60_000_000))
    }

    var isWritableAnnounced: Bool { readyEvents & Int16(POLLOUT) != 0 }

    var isHangUpAnnounced: Bool { readyEvents & Int16(POLLERR | POLLHUP) != 0 }
}
