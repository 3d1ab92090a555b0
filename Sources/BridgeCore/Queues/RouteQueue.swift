package import Logging
package import NIOCore

/// Told when a queue can take no more, and when it can again.
protocol QueueGate: AnyObject {
    func queueFilled(_ queue: RouteQueue)
    func queueDrained(_ queue: RouteQueue)
    /// What it took is at its level, up to its `securedMark`.
    func queueSecured(_ queue: RouteQueue)
}

/// The queue between a route and one of its sinks: it offers, keeps what the sink can't take, and counts.
///
/// Used on the gateway's event loop only.
package final class RouteQueue: SinkClient {
    /// How many kept messages are offered at a time.
    private static let offerLimit = 512

    package let route: String
    package let sink: any Sink
    let policy: QueuePolicy
    let log: Logger
    var store: any QueueStore
    /// The same store, where it keeps messages on disk too.
    let spooling: (any SpoolingStore)?
    private let spool: Spool?
    private let place: Int
    /// Whether a source waits for what it brought to be secured.
    var isAwaited = false
    let now: () -> NIODeadline
    var balance = Balance()
    private var toldReasons: Set<DropReason> = []
    /// Who answers requests; `nil` = nobody.
    var responder: (any RequestAnswering)?

    weak var gate: (any QueueGate)?
    var isBlocking = false
    private var sinkIsWilling = false
    /// The sink is away, and the policy has a rule for that; `nil` = `when_full` decides.
    private(set) var awayReason: DropReason?
    /// Why the sink can't work; `nil` while it can.
    package private(set) var failure: String?
    var isAbandoned = false
    private(set) var isClosed = false
    /// Messages that the disk did not take before the end.
    var unwritten = 0
    /// Messages of which the sink itself keeps the bytes: a record that the kernel took only in part.
    private var heldBySink = 0

    /// The sink's calls from inside its own `take` wait until that returned.
    private var isOffering = false
    private var settledMeanwhile: [(count: Int, outcome: Outcome)] = []
    private var lostMeanwhile = false
    private var failedMeanwhile: String?
    private var readyMeanwhile = false

    package init(
        route: String,
        sink: any Sink,
        policy: QueuePolicy,
        store: any QueueStore,
        log: Logger,
        now: @escaping () -> NIODeadline = NIODeadline.now
    ) {
        self.route = route
        self.sink = sink
        self.policy = policy
        self.store = store
        self.log = log
        self.now = now
        spooling = nil
        spool = nil
        place = 0
        sink.client = self
    }

    /// A queue whose store keeps messages in the spool, at the place with this number.
    package init(
        route: String,
        sink: any Sink,
        policy: QueuePolicy,
        store: any SpoolingStore,
        spool: Spool,
        place: Int,
        log: Logger,
        now: @escaping () -> NIODeadline = NIODeadline.now
    ) {
        self.route = route
        self.sink = sink
        self.policy = policy
        self.store = store
        self.log = log
        self.now = now
        spooling = store
        self.spool = spool
        self.place = place
        balance.restored = store.restored
        sink.client = self
        spool.attach(self, to: place)
        ask()
    }

    /// The sink's name.
    package var name: String { "\(route) -> \(sink.name)" }

    /// Whether nothing waits and nothing is in flight.
    package var isEmpty: Bool { store.isEmpty && heldBySink == 0 }

    /// Whether it is worth waiting for: what a sink that is away leaves can go to the spool.
    var isDraining: Bool { !isEmpty && (!isSpooled || sinkIsWilling || store.inFlight > 0 || heldBySink > 0) }

    /// The counters as they are now.
    package var currentBalance: Balance {
        var current = balance
        current.queued = store.count + heldBySink - unwritten
        current.queuedBytes = store.bytes
        return current
    }

    // MARK: What the route matched

    /// Takes over a batch: delivers, keeps or drops each of its messages.
    func accept(_ arriving: MessageBatch) {
        guard !arriving.isEmpty else { return }
        let batch = admitted(arriving)
        balance.matched += batch.count
        guard failure == nil else { return refuse(batch, in: 0..<batch.count, because: .refused) }
        var taken = 0
        if !sink.settlesLater, sinkIsWilling, store.isEmpty, !isAlways {
            taken = offer(batch)
        }
        let left = taken..<batch.count
        // The sink may have failed over those before.
        if failure != nil { refuse(batch, in: left, because: .refused) } else if !left.isEmpty { keep(batch, in: left) }
        offerKept()
        trim()
        tellWaiting(at: newest(batch.count))
        ask()
        checkInvariants()
    }

    /// Lets go what is older than it may be.
    package func tick() {
        guard policy.ttl != nil, !isAbandoned, !isOffering else { return }
        expire()
        applyWaterMarks()
        ask()
        checkInvariants()
    }

    /// Offers nothing more; what is in flight may still be settled.
    func close() {
        isClosed = true
        sinkIsWilling = false
    }

    /// Counts what is left as dropped, and returns it: the gateway stops.
    func abandon() -> Int {
        isAbandoned = true
        let left = store.count + heldBySink
        heldBySink = 0
        removeAll(because: .shutdown)
        // Who stops it says so.
        balance.drop(left, because: .shutdown)
        return left
    }

    // MARK: What the sink says

    package func sinkIsReady() {
        guard !isClosed else { return }
        awayReason = nil
        failure = nil
        sinkIsWilling = true
        guard !isOffering else {
            readyMeanwhile = true
            failedMeanwhile = nil
            return
        }
        offerKept()
        ask()
    }

    package func sinkIsAway(because reason: DropReason) {
        sinkIsWilling = false
        awayReason = policy.whenAway == nil ? nil : reason
        applyWaterMarks()
    }

    package func sinkFailed(because explanation: String) {
        guard !isAbandoned else { return }
        sinkIsWilling = false
        guard !isOffering else {
            readyMeanwhile = false
            failedMeanwhile = explanation
            return
        }
        failure = explanation
        log.error(
            "the route stands still: \(explanation)",
            metadata: ["route": "\(route)", "sink": "\(sink.name)"]
        )
        store.rewind()
        countConflated()
        var left = heldBySink
        heldBySink = 0
        // What is in the spool can wait for the person.
        if !isSpooled {
            left += store.count
            removeAll(because: .refused)
        } else {
            tellWaiting(at: 0..<store.count)
        }
        drop(left, because: .refused)
        applyWaterMarks()
        ask()
    }

    package func settle(_ count: Int, as outcome: Outcome) {
        guard !isAbandoned else { return }
        guard !isOffering else {
            settledMeanwhile.append((count, outcome))
            return
        }
        leave(count, as: outcome)
        applyWaterMarks()
        offerKept()
        ask()
        checkInvariants()
    }

    package func sinkLostWhatWasInFlight() {
        guard !isAbandoned else { return }
        sinkIsWilling = false
        guard !isOffering else {
            lostMeanwhile = true
            return
        }
        rewind()
        applyWaterMarks()
        ask()
    }

    // MARK: Offering

    /// Offers a live batch to a sink that settles at once; returns how many it took.
    private func offer(_ batch: MessageBatch) -> Int {
        isOffering = true
        let intake = sink.take(batch)
        isOffering = false
        count(intake)
        if intake.taken < batch.count { sinkIsWilling = readyMeanwhile }
        readyMeanwhile = false
        catchUp()
        return intake.taken
    }

    func offerKept() {
        guard !isOffering else { return }
        while sinkIsWilling, let batch = freshest() {
            isOffering = true
            let intake = sink.take(batch)
            isOffering = false
            noteGiven(intake, of: batch)
            store.took(intake.taken)
            if !sink.settlesLater { store.settled(intake.taken) }
            count(intake)
            if intake.taken < batch.count { sinkIsWilling = readyMeanwhile }
            readyMeanwhile = false
            catchUp()
        }
        applyWaterMarks()
    }

    /// The next messages that have not expired.
    private func freshest() -> MessageBatch? {
        if policy.ttl != nil { expire() }
        return store.waiting(limit: Self.offerLimit)
    }

    private func expire() {
        guard let ttl = policy.ttl else { return }
        let expired = store.dropExpired(ttl: ttl, now: now())
        balance.expired += expired.count
        answer(expired.requests, .dropped("expired"))
    }

    /// Applies what the sink said while it was being offered messages.
    private func catchUp() {
        for (count, outcome) in settledMeanwhile { leave(count, as: outcome) }
        settledMeanwhile.removeAll(keepingCapacity: true)
        if lostMeanwhile {
            lostMeanwhile = false
            rewind()
        }
        if let explanation = failedMeanwhile {
            failedMeanwhile = nil
            sinkFailed(because: explanation)
        }
    }

    private func leave(_ count: Int, as outcome: Outcome) {
        if sink.settlesLater {
            let requests = requests(at: 0..<count)
            store.settled(count)
            answer(requests, RequestAnswer(outcome))
        } else {
            heldBySink -= count
        }
        switch outcome {
        case .delivered: balance.delivered += count
        case .dropped(let reason): drop(count, because: reason)
        }
    }

    private func count(_ intake: Intake) {
        if !sink.settlesLater { heldBySink += intake.inFlight }
        balance.delivered += intake.delivered
        for (reason, count) in intake.dropped { drop(count, because: reason) }
    }

    // MARK: Counting

    func drop(_ count: Int, because reason: DropReason) {
        guard count > 0 else { return }
        balance.drop(count, because: reason)
        guard toldReasons.insert(reason).inserted else { return }
        log.warning(
            "\(count == 1 ? "a message was" : "\(count) messages were") dropped: \(reason.explanation)",
            metadata: ["route": "\(route)", "sink": "\(sink.name)", "reason": "\(reason.rawValue)"]
        )
    }

    /// Passes on what the store wants of the disk.
    func ask() {
        guard let spooling, let spool else { return }
        let requests = spooling.takeRequests()
        if !requests.isEmpty { spool.submit(requests, for: place, isAwaited: isAwaited && isAlways) }
        if spooling.isHeldUp { spool.hurry() }
    }

    func checkInvariants() {
        assert(currentBalance.isBalanced, "\(name) does not balance: \(currentBalance)")
    }
}
