import Dispatch
package import Logging
package import NIOCore

/// The gateway's spool: collects what queues ask of the disk, has it done on a thread of its own, and brings the
/// answers back.
///
/// One transaction takes everything that came together since the last. Used on the gateway's event loop only.
package final class Spool {
    /// How long a write may wait for company, when nobody waits for it.
    static let linger = TimeAmount.milliseconds(20)
    /// With so much together it no longer waits.
    static let fullBatch = 256
    static let fullBytes = 256 << 10
    private static let complaintInterval = TimeAmount.seconds(60)

    /// The engine, touched on the spool's thread only.
    private struct Confined: @unchecked Sendable {
        let engine: any SpoolEngine
    }

    private let confined: Confined
    private let directory: SpoolDirectory?
    /// Runs what touches the engine, one after the other.
    private let run: (@escaping @Sendable () -> Void) -> Void
    private let log: Logger
    package private(set) var contents: SpoolContents
    private let eventLoop: any EventLoop
    private var queues: [Int: any SpoolClient] = [:]

    private var waiting = SpoolWork()
    private var underWay: SpoolWork?
    private var waitingMessages = 0
    private var waitingBytes = 0
    private var isUrgent = false
    private var lingering: Scheduled<Void>?
    private var backoff = SpoolBackoff()
    private var random = SystemRandomNumberGenerator()
    private var retry: Scheduled<Void>?
    private var isFailing = false
    /// Whether removing fails too.
    private var holdsDeletes = false
    private var lastComplaint: NIODeadline?
    private var idleWaiters: [() -> Void] = []
    /// Files that could not be read and were put aside.
    package private(set) var setAside = 0
    /// What was written since the start.
    package private(set) var written = (transactions: 0, messages: 0, bytes: 0)

    /// Opens the spool: the caller waits for the disk.
    package init(
        _ engine: any SpoolEngine,
        in directory: SpoolDirectory? = nil,
        eventLoop: any EventLoop,
        log: Logger,
        run: ((@escaping @Sendable () -> Void) -> Void)? = nil
    ) throws(SpoolError) {
        let thread = DispatchQueue(label: "wsbridge.spool")
        self.run = run ?? { body in thread.async(execute: body) }
        confined = Confined(engine: engine)
        self.directory = directory
        self.log = log
        self.eventLoop = eventLoop
        contents = try engine.open()
        if let name = contents.setAside {
            setAside = 1
            log.error("the spool could not be read and was put aside as \(name); the gateway goes on with an empty one")
        }
    }

    /// The place of a route's queue; before anything is asked of the spool.
    package func place(for key: String) throws(SpoolError) -> SpoolQueueContents {
        let place = try confined.engine.queue(key)
        if !contents.queues.contains(where: { $0.key == key }) { contents.queues.append(place) }
        return place
    }

    package func attach(_ client: any SpoolClient, to number: Int) { queues[number] = client }

    /// Queues of another configuration that hold messages.
    package var strangers: [SpoolQueueContents] { contents.queues.filter { $0.count > 0 && queues[$0.number] == nil } }

    package var stats: SpoolStats {
        SpoolStats(
            failing: isFailing,
            setAside: setAside,
            written: SpoolStats.Written(
                transactions: written.transactions,
                messages: written.messages,
                bytes: written.bytes
            ),
            strangers: strangers.reduce(0) { $0 + $1.count }
        )
    }

    // MARK: What queues ask for

    package func submit(_ requests: [SpoolRequest], for queue: Int, isAwaited: Bool) {
        for request in requests {
            switch request {
            case .append(let ticket, let first, let batch, let range, let bytes, let replaced):
                waitingMessages += range.count
                waitingBytes += bytes
                if isAwaited { isUrgent = true }
                waiting.appends.append(
                    SpoolAppend(
                        queue: queue,
                        ticket: ticket,
                        first: first,
                        batch: batch,
                        range: range,
                        bytes: bytes,
                        replaced: replaced
                    )
                )
            case .remove(let first, let last, let bytes, let settled):
                waiting.add(SpoolDelete(queue: queue, first: first, last: last, bytes: bytes, settled: settled))
            case .read(let after, let through, let messages, let bytes):
                waiting.reads.append(
                    SpoolRead(queue: queue, after: after, through: through, messages: messages, bytes: bytes)
                )
                isUrgent = true
            }
        }
        advance()
    }

    /// What waits for company waits no longer.
    package func hurry() {
        guard !isUrgent, !waiting.isEmpty || underWay != nil else { return }
        isUrgent = true
        advance()
    }

    /// Calls `body` once everything asked for until now is done, or has failed.
    package func whenIdle(_ body: @escaping () -> Void) {
        isUrgent = true
        idleWaiters.append(body)
        advance()
    }

    /// Nothing more is asked; the file is closed once what is under way is done.
    package func close(completion: @escaping () -> Void) {
        lingering?.cancel()
        retry?.cancel()
        let confined = confined
        let completion = NIOLoopBound(completion, eventLoop: eventLoop)
        let eventLoop = eventLoop
        run {
            confined.engine.close()
            eventLoop.execute { completion.value() }
        }
    }

    // MARK: Cycles

    private func advance() {
        guard underWay == nil else { return }
        guard !waiting.isEmpty else { return becameIdle() }
        if isUrgent || waitingMessages >= Self.fullBatch || waitingBytes >= Self.fullBytes {
            begin()
        } else if lingering == nil {
            lingering = eventLoop.assumeIsolated().scheduleTask(in: Self.linger) {
                self.lingering = nil
                if self.underWay == nil { self.begin() }
            }
        }
    }

    private func begin() {
        lingering?.cancel()
        lingering = nil
        var work = waiting
        waiting = SpoolWork()
        if isFailing, retry != nil {
            // What is to be read can be; writing waits for its time.
            waiting.appends = work.appends
            work.appends = []
            if holdsDeletes {
                waiting.deletes = work.deletes
                work.deletes = []
            }
            guard !work.isEmpty else {
                isUrgent = false
                return becameIdle()
            }
        } else {
            waitingMessages = 0
            waitingBytes = 0
        }
        isUrgent = false
        underWay = work
        let cycle = work
        let confined = confined
        let eventLoop = eventLoop
        let spool = NIOLoopBound(self, eventLoop: eventLoop)
        run {
            let report = confined.engine.perform(cycle)
            eventLoop.execute { spool.value.finished(report) }
        }
    }

    private func finished(_ report: SpoolReport) {
        guard let work = underWay else { return }
        if report.failure != nil { waiting.appends.insert(contentsOf: work.appends, at: 0) }
        if let name = report.setAside { lostFile(name, after: report.failure == nil ? work.appends : []) }
        if let failure = report.failure {
            holdsDeletes = !report.areDeletesDone
            if holdsDeletes { waiting.deletes.insert(contentsOf: work.deletes, at: 0) }
            failed(failure, verb: "written")
        } else {
            if let failure = report.readFailure {
                failed(failure, verb: "read")
            } else if isFailing, retry == nil {
                succeeded()
            } else if isFailing, !work.deletes.isEmpty {
                // There may be room now.
                if waiting.appends.isEmpty { succeeded() } else { tryAgain() }
            }
            if !work.appends.isEmpty || !work.deletes.isEmpty { written.transactions += 1 }
            for append in work.appends {
                written.messages += append.range.count
                written.bytes += append.bytes
            }
        }
        // Answers bring new requests, which wait for the next cycle.
        if report.failure == nil {
            for append in work.appends { queues[append.queue]?.spoolCommitted(append.ticket) }
        }
        if report.areDeletesDone {
            var settled: [Int: Int] = [:]
            for delete in work.deletes where delete.settled > 0 { settled[delete.queue, default: 0] += delete.settled }
            for (queue, count) in settled { queues[queue]?.spoolRemoved(count) }
        }
        for page in report.pages { queues[page.queue]?.spoolBrought(page) }
        for queue in report.failedReads { queues[queue]?.spoolCouldNotRead() }
        underWay = nil
        advance()
    }

    private func failed(_ failure: SpoolError, verb: String) {
        retry?.cancel()
        retry = eventLoop.assumeIsolated().scheduleTask(in: backoff.failed(using: &random)) {
            self.tryAgain()
            // Reads that failed are asked for again.
            for queue in self.queues.values { queue.spoolFails(true) }
            guard !self.waiting.isEmpty || self.underWay != nil else { return self.succeeded() }
            self.advance()
        }
        if lastComplaint.map({ eventLoop.now - $0 >= Self.complaintInterval }) ?? true {
            lastComplaint = eventLoop.now
            log.error("the spool can't be \(verb), it is tried again: \(failure)", metadata: ["reason": "spool_failed"])
        }
        guard !isFailing else { return }
        isFailing = true
        for queue in queues.values { queue.spoolFails(true) }
    }

    /// Writing no longer waits: the next cycle takes everything.
    private func tryAgain() {
        retry?.cancel()
        retry = nil
        holdsDeletes = false
        isUrgent = true
    }

    private func succeeded() {
        isFailing = false
        holdsDeletes = false
        retry?.cancel()
        retry = nil
        backoff.succeeded()
        log.notice("the spool works again")
        for queue in queues.values { queue.spoolFails(false) }
    }

    /// The new file holds no more than `written`.
    private func lostFile(_ name: String, after written: [SpoolAppend]) {
        setAside += 1
        // Queues ask anew. An answer to what they asked of the former file would be taken for one of this.
        waiting.reads = []
        waiting.appends = SpoolWork.first(waiting.appends, behind: written)
        log.error("the spool could not be read any more and was put aside as \(name); it begins anew, empty")
        for queue in queues.values { queue.spoolLostFile() }
    }

    private func becameIdle() {
        guard !idleWaiters.isEmpty else { return }
        let waiters = idleWaiters
        idleWaiters = []
        for waiter in waiters { waiter() }
    }
}

/// What the spool tells a queue.
///
/// Used on the gateway's event loop only.
package protocol SpoolClient: AnyObject {
    func spoolCommitted(_ ticket: Int64)
    /// So many messages that a sink had are gone from the disk.
    func spoolRemoved(_ settled: Int)
    func spoolBrought(_ page: SpoolPage)
    func spoolCouldNotRead()
    func spoolLostFile()
    func spoolFails(_ isFailing: Bool)
}
