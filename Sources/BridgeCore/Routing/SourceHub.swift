import NIOCore

/// Everything that one source feeds: its routes, and the queues that make it pause.
///
/// Used on the gateway's event loop only.
package final class SourceHub: SourceClient, QueueGate {
    package let source: any Source
    package let routes: [Route]
    package private(set) var rejected: [RejectReason: Int] = [:]
    private var fullQueues: [RouteQueue] = []
    /// The full queues for which the source waits, in the order in which they filled.
    package var throttledBy: [String] { fullQueues.map(\.name) }
    /// Called when `throttledBy` changed.
    package var throttleChanged: (() -> Void)?
    /// Why the source could not start; its routes stand still then.
    package private(set) var failure: String?
    /// The obstacle between the running source and its messages.
    package private(set) var trouble: String?
    /// Queues that secure what they take, and the runs that wait for it: up to which mark, by queue.
    private let securingQueues: [RouteQueue]
    private var unsecured = CircularBuffer<(run: UInt64, marks: [Int64])>()
    /// Told to stop: the source still brings what it had begun.
    private var isStopping = false
    /// From here on no route gets anything: the one gate for whatever a source, its thread or its peer still has.
    private var isClosed = false
    private var isForwarding = false
    private var isPaused = false

    package init(source: any Source, routes: [Route]) {
        self.source = source
        self.routes = routes
        securingQueues = routes.flatMap(\.queues).filter(\.isAlways)
        if source is any AcknowledgingSource { for queue in securingQueues { queue.isAwaited = true } }
        source.client = self
        for queue in routes.lazy.flatMap(\.queues) { queue.gate = self }
    }

    /// Starts the source; says false, and keeps the reason, where it can't.
    package func start() -> Bool {
        do {
            try source.start()
            return true
        } catch {
            failure = "\(error)"
            return false
        }
    }

    /// Stops the source; `completion` is called once its last message is with every route.
    package func stop(completion: @escaping () -> Void) {
        isStopping = true
        guard failure == nil else {
            close()
            return completion()
        }
        source.stop { [weak self] in
            self?.close()
            completion()
        }
    }

    /// Takes nothing more: what comes now is not counted, and not acknowledged to whoever keeps it until then.
    package func close() {
        isClosed = true
    }

    package func received(_ batch: MessageBatch) {
        guard !isClosed else { return }
        isForwarding = true
        for route in routes { route.forward(batch) }
        isForwarding = false
        pauseOrResume()
    }

    package func received(_ batch: MessageBatch, run: UInt64) -> Bool {
        guard !isClosed else { return false }
        received(batch)
        guard !unsecured.isEmpty || securingQueues.contains(where: { $0.securedMark < $0.lastMark }) else {
            return true
        }
        unsecured.append((run, securingQueues.map(\.lastMark)))
        return false
    }

    func queueSecured(_ queue: RouteQueue) {
        var last: UInt64?
        while let (run, marks) = unsecured.first,
            zip(securingQueues, marks).allSatisfy({ queue, mark in queue.securedMark >= mark })
        {
            unsecured.removeFirst()
            last = run
        }
        if let last { (source as? any AcknowledgingSource)?.accepted(through: last) }
    }

    package func sourceHindered(by trouble: String?) { self.trouble = trouble }

    package func rejected(_ count: Int, because reason: RejectReason) {
        rejected[reason, default: 0] += count
    }

    func queueFilled(_ queue: RouteQueue) {
        fullQueues.append(queue)
        pauseOrResume()
        throttleChanged?()
    }

    func queueDrained(_ queue: RouteQueue) {
        fullQueues.removeAll { $0 === queue }
        pauseOrResume()
        throttleChanged?()
    }

    /// Not while a batch is being forwarded: a source that reads on at once would bring the next batch before every
    /// route has had this one.
    private func pauseOrResume() {
        guard !isForwarding, !isStopping, failure == nil, isPaused == fullQueues.isEmpty else { return }
        isPaused = !fullQueues.isEmpty
        if isPaused { source.pause() } else { source.resume() }
    }
}
