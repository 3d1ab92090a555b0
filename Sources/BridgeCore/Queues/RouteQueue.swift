package import Logging

/// Told when a queue can take no more, and when it can again.
protocol QueueGate: AnyObject {
    func queueFilled(_ queue: RouteQueue)
    func queueDrained(_ queue: RouteQueue)
}

/// The queue between a route and one of its sinks: it offers, keeps what the sink can't take, and counts.
///
/// Used on the gateway's event loop only.
package final class RouteQueue: SinkClient {
    /// How many kept messages are offered at a time.
    private static let offerLimit = 512

    package let route: String
    package let sink: any Sink
    private let policy: QueuePolicy
    private let log: Logger
    private var store: any QueueStore
    private var balance = Balance()
    private var toldReasons: Set<DropReason> = []

    weak var gate: (any QueueGate)?
    private(set) var isBlocking = false
    private var sinkIsWilling = false
    private var awayReason: DropReason?
    /// Why the sink can't work; `nil` while it can.
    package private(set) var failure: String?
    private var isAbandoned = false
    /// Messages of which the sink itself keeps the bytes: a record that the kernel took only in part.
    private var heldBySink = 0

    /// The sink's calls from inside its own `take` wait until that returned.
    private var isOffering = false
    private var settledMeanwhile: [(count: Int, outcome: Outcome)] = []
    private var lostMeanwhile = false
    private var readyMeanwhile = false

    package init(route: String, sink: any Sink, policy: QueuePolicy, store: any QueueStore, log: Logger) {
        self.route = route
        self.sink = sink
        self.policy = policy
        self.store = store
        self.log = log
        sink.client = self
    }

    /// The sink's name.
    package var name: String { "\(route) -> \(sink.name)" }

    /// Whether nothing waits and nothing is in flight.
    package var isEmpty: Bool { store.isEmpty && heldBySink == 0 }

    /// The counters as they are now.
    package var currentBalance: Balance {
        var current = balance
        current.queued = store.count + heldBySink
        current.queuedBytes = store.bytes
        return current
    }

    // MARK: What the route matched

    /// Takes over a batch: delivers, keeps or drops each of its messages.
    func accept(_ batch: MessageBatch) {
        guard !batch.isEmpty else { return }
        balance.matched += batch.count
        guard failure == nil, !isAbandoned else {
            drop(batch.count, because: isAbandoned ? .shutdown : .refused)
            return
        }
        var taken = 0
        if !sink.settlesLater, sinkIsWilling, store.isEmpty {
            taken = offer(batch)
        }
        if taken < batch.count { keep(batch, in: taken..<batch.count) }
        offerKept()
        trim()
        checkInvariants()
    }

    /// Counts what is left as dropped: the gateway stops.
    func abandon() -> Int {
        isAbandoned = true
        let left = store.count + heldBySink
        heldBySink = 0
        store.removeAll()
        drop(left, because: .shutdown)
        return left
    }

    // MARK: What the sink says

    package func sinkIsReady() {
        awayReason = nil
        failure = nil
        sinkIsWilling = true
        guard !isOffering else {
            readyMeanwhile = true
            return
        }
        offerKept()
    }

    package func sinkIsAway(because reason: DropReason) {
        sinkIsWilling = false
        awayReason = reason
        applyWaterMarks()
    }

    package func sinkFailed(because explanation: String) {
        guard !isAbandoned else { return }
        sinkIsWilling = false
        failure = explanation
        log.error(
            "the route stands still: \(explanation)",
            metadata: ["route": "\(route)", "sink": "\(sink.name)"]
        )
        store.rewind()
        let left = store.count + heldBySink
        heldBySink = 0
        store.removeAll()
        drop(left, because: .refused)
        applyWaterMarks()
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
        checkInvariants()
    }

    package func sinkLostWhatWasInFlight() {
        guard !isAbandoned else { return }
        sinkIsWilling = false
        guard !isOffering else {
            lostMeanwhile = true
            return
        }
        store.rewind()
        trim()
        applyWaterMarks()
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

    private func offerKept() {
        guard !isOffering else { return }
        while sinkIsWilling, let batch = store.waiting(limit: Self.offerLimit) {
            isOffering = true
            let intake = sink.take(batch)
            isOffering = false
            store.took(intake.taken)
            if !sink.settlesLater { store.settled(intake.taken) }
            count(intake)
            if intake.taken < batch.count { sinkIsWilling = readyMeanwhile }
            readyMeanwhile = false
            catchUp()
        }
        applyWaterMarks()
    }

    /// Applies what the sink said while it was being offered messages.
    private func catchUp() {
        for (count, outcome) in settledMeanwhile { leave(count, as: outcome) }
        settledMeanwhile.removeAll(keepingCapacity: true)
        if lostMeanwhile {
            lostMeanwhile = false
            store.rewind()
            trim()
        }
    }

    private func leave(_ count: Int, as outcome: Outcome) {
        if sink.settlesLater {
            store.settled(count)
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

    // MARK: Keeping

    /// The policy in effect: the sink's absence may have a rule of its own.
    private var whenFull: QueuePolicy.WhenFull {
        guard awayReason != nil, let whenAway = policy.whenAway else { return policy.whenFull }
        return whenAway
    }

    private func keep(_ batch: MessageBatch, in range: Range<Int>) {
        switch whenFull {
        case .block:
            store.append(batch, in: range)
            applyWaterMarks()
        case .dropNewest:
            var room = policy.maxBytes - store.bytes
            var end = range.lowerBound
            if store.isEmpty {
                // One message is always taken: a larger one than the bound would never pass.
                room -= batch.entries[end].queueCost
                end += 1
            }
            while end < range.upperBound, batch.entries[end].queueCost <= room {
                room -= batch.entries[end].queueCost
                end += 1
            }
            store.append(batch, in: range.lowerBound..<end)
            drop(range.upperBound - end, because: awayReason ?? .queueFull)
        case .dropOldest:
            store.append(batch, in: range)
        }
    }

    /// Drops the oldest waiting messages until the bound holds or one is left, where the policy says so.
    private func trim() {
        guard whenFull == .dropOldest else { return }
        var dropped = 0
        while store.bytes > policy.maxBytes, store.count > 1, store.dropOldestWaiting() { dropped += 1 }
        drop(dropped, because: awayReason ?? .queueFull)
    }

    private func applyWaterMarks() {
        if whenFull == .block, store.bytes >= policy.highWater, !store.isEmpty {
            guard !isBlocking else { return }
            isBlocking = true
            gate?.queueFilled(self)
        } else if isBlocking, whenFull != .block || store.bytes <= policy.lowWater {
            isBlocking = false
            gate?.queueDrained(self)
        }
    }

    private func drop(_ count: Int, because reason: DropReason) {
        guard count > 0 else { return }
        balance.drop(count, because: reason)
        guard toldReasons.insert(reason).inserted else { return }
        log.warning(
            "\(count == 1 ? "a message was" : "\(count) messages were") dropped: \(reason.explanation)",
            metadata: ["route": "\(route)", "sink": "\(sink.name)", "reason": "\(reason.rawValue)"]
        )
    }

    private func checkInvariants() {
        assert(currentBalance.isBalanced, "\(name) does not balance: \(currentBalance)")
    }
}
