package import BridgeCore
internal import Glibc
package import Logging
package import NIOCore

/// Writes each message as one record into a named pipe.
///
/// Confined to its event loop.
///
/// A record counts as delivered when the pipe took all of it. Of a record that it took in part the sink keeps the rest
/// and writes it before anything else; if the reader leaves meanwhile, the rest is dropped, the record counts as
/// `no_reader`, and the next reader begins at a record's start.
package final class FIFOSink: Sink {
    package let name: String
    package let settlesLater = false
    package weak var client: (any SinkClient)?

    /// What the kernel has not taken yet of the record that it began to take.
    private struct PartialRecord {
        var bytes: ContiguousArray<UInt8>
        var written = 0
    }

    /// How often a FIFO that nobody reads is looked at for what no notice tells: that another one is at its path.
    private let lookInterval: TimeAmount
    /// The same where no notice tells of readers either.
    private static let pollInterval = TimeAmount.milliseconds(500)

    private let configuration: FIFOSinkConfiguration
    private let eventLoop: any EventLoop
    private let logger: Logger
    private var path: FIFOPath?
    private var end: FIFOWriteEnd?
    private var readiness: Readiness?
    private var watch: ReaderWatch?
    private var isWatched = false
    private var partial: PartialRecord?
    private let encoder: RecordEncoder
    private var nextLook: Scheduled<Void>?
    private var lastError: FIFOError?
    private var isStopped = false

    package init(
        configuration: FIFOSinkConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        lookInterval: TimeAmount = .seconds(5)
    ) {
        self.lookInterval = lookInterval
        name = "fifo:\(configuration.path)"
        self.configuration = configuration
        self.eventLoop = eventLoop
        var logger = logger
        logger[metadataKey: "sink"] = "\(name)"
        self.logger = logger
        encoder = RecordEncoder(framing: configuration.framing, onNewline: configuration.onNewline)
    }

    deinit {
        readiness = nil
        if let end {
            close(end.descriptor)
        }
    }

    /// Whether a reader is there, as far as the sink knows.
    private(set) var hasReader = false

    package func start() {
        eventLoop.assertInEventLoop()
        signal(SIGPIPE, SIG_IGN)
        watch = ReaderWatch(eventLoop: eventLoop) { [weak self] in self?.look() }
        do throws(FIFOError) {
            path = try FIFOPath(configuration.path)
        } catch {
            report(error)
        }
        open(discarding: false)
        if let end, end.isOpenToOthers {
            logger.warning("every user of this machine may open the FIFO: chmod o= \(configuration.path) stops that")
        }
        if !hasReader {
            waitForReader()
        }
    }

    package func take(_ batch: MessageBatch) -> Intake {
        var intake = Intake()
        if hasReader, partial == nil, let end {
            write(batch, to: end.descriptor, &intake)
        }
        if !hasReader, configuration.noReader == .discard, !isStopped {
            let rest = batch.count - intake.taken
            intake.drop(rest, because: .noReader)
        }
        return intake
    }

    package func stop(completion: @escaping () -> Void) {
        eventLoop.assertInEventLoop()
        isStopped = true
        if let end, partial != nil {
            let isWhole = writePartial(to: end.descriptor) == .wholly
            partial = nil
            client?.settle(1, as: isWhole ? .delivered : .dropped(.shutdown))
        }
        nextLook?.cancel()
        watch?.stop()
        watch = nil
        closeEnd()
        completion()
    }

    // MARK: - Writing

    private func write(_ batch: MessageBatch, to descriptor: CInt, _ intake: inout Intake) {
        batch.withUnsafeBytes { payloads in
            batch.entries.withUnsafeBufferPointer { entries in
                while intake.taken < entries.count {
                    encoder.encode(UnsafeBufferPointer(rebasing: entries[intake.taken...]), of: payloads)
                    let records = encoder.bytes
                    guard !records.isEmpty else {
                        intake.drop(encoder.refused, because: .newline)
                        continue
                    }
                    switch PipeWriting.write(records, to: descriptor) {
                    case .wrote(let count):
                        settle(upTo: count, &intake)
                        guard count == records.count else { return wait(for: .writable) }
                    case .full:
                        return wait(for: .writable)
                    case .failed(let error):
                        logger.error("writing failed, opening the FIFO afresh: \(error)")
                        fallthrough
                    case .noReader:
                        hasReader = false
                        // Later: the client is in the middle of its call.
                        eventLoop.assumeIsolated().execute { [weak self] in self?.readerLeft() }
                        return
                    }
                }
            }
        }
        encoder.shrink()
    }

    /// Settles the messages whose records lie in the first `count` bytes, and keeps the rest of one that began there.
    private func settle(upTo count: Int, _ intake: inout Intake) {
        let records = encoder.bytes
        if count == records.count {
            intake.drop(encoder.refused, because: .newline)
            intake.taken += encoder.ends.count - encoder.refused
            intake.delivered += encoder.ends.count - encoder.refused
            return
        }
        var begin = 0
        for end in encoder.ends {
            if end == begin {
                intake.drop(1, because: .newline)
            } else if end <= count {
                intake.taken += 1
                intake.delivered += 1
            } else {
                guard begin < count else { return }
                intake.taken += 1
                partial = PartialRecord(bytes: ContiguousArray(records[count..<end]))
                return
            }
            begin = end
        }
    }

    private enum Progress {
        case wholly
        case partly
        case noReader
    }

    /// Writes what is left of the record that was begun.
    private func writePartial(to descriptor: CInt) -> Progress {
        while var rest = partial {
            let outcome = rest.bytes.withUnsafeBytes { bytes in
                PipeWriting.write(UnsafeRawBufferPointer(rebasing: bytes[rest.written...]), to: descriptor)
            }
            switch outcome {
            case .wrote(let count):
                rest.written += count
                partial = rest.written == rest.bytes.count ? nil : rest
            case .full: return .partly
            case .noReader, .failed: return .noReader
            }
        }
        return .wholly
    }

    /// The pipe has room, or its reader left.
    private func noticed() {
        guard let end, hasReader else { return }
        guard PipeWriting.hasReader(end.descriptor) else { return readerLeft() }
        let isWithinRecord = partial != nil
        switch writePartial(to: end.descriptor) {
        case .wholly: break
        case .partly: return wait(for: .writable)
        case .noReader: return readerLeft()
        }
        // First, since the client may offer more at once, and then the wait is for room again.
        wait(for: .hangUp)
        if isWithinRecord {
            client?.settle(1, as: .delivered)
        }
        client?.sinkIsReady()
    }

    private func wait(for interest: Readiness.Interest) {
        do throws(KernelError) {
            try readiness?.arm(for: interest)
        } catch {
            logger.error("not told when the pipe has room, so trying twice a second: \(error)")
            nextLook = eventLoop.assumeIsolated().scheduleTask(in: Self.pollInterval) { [weak self] in
                self?.noticed()
            }
        }
    }

    // MARK: - Readers that come and go

    private func open(discarding: Bool) {
        guard let path, !isStopped else { return }
        do throws(FIFOError) {
            end = try FIFOWriteEnd.open(path, discarding: discarding)
        } catch {
            return report(error)
        }
        if lastError != nil {
            lastError = nil
            logger.info("the FIFO can be used now")
            client?.sinkIsReady()
        }
        guard let end else { return }
        readiness = Readiness(descriptor: end.descriptor, eventLoop: eventLoop) { [weak self] in self?.noticed() }
        isWatched = watch?.follow(path.path) ?? false
        if PipeWriting.hasReader(end.descriptor) {
            readerCame()
        }
    }

    private func readerCame() {
        hasReader = true
        nextLook?.cancel()
        logger.info("a reader opened the FIFO")
        wait(for: .hangUp)
        client?.sinkIsReady()
    }

    private func readerLeft() {
        guard end != nil, !isStopped else { return }
        hasReader = false
        logger.info("the reader closed the FIFO")
        if partial != nil {
            partial = nil
            client?.settle(1, as: .dropped(.noReader))
        }
        // With the last end what the pipe still held is gone: the next reader begins with a whole record.
        closeEnd()
        open(discarding: true)
        if !hasReader {
            waitForReader()
        }
    }

    /// Nobody reads: looks now and then, and says so.
    private func waitForReader() {
        scheduleLook()
        guard lastError == nil else { return }
        switch configuration.noReader {
        case .keep, .block: client?.sinkIsAway(because: .noReader)
        case .discard: client?.sinkIsReady()
        }
    }

    private func scheduleLook() {
        nextLook?.cancel()
        guard !isStopped, path != nil else { return }
        let isTold = lastError != nil || (end != nil && isWatched)
        let interval = isTold ? lookInterval : Self.pollInterval
        nextLook = eventLoop.assumeIsolated().scheduleTask(in: interval) { [weak self] in self?.look() }
    }

    /// Someone opened the FIFO, or it is time to see whether another one is at its path.
    private func look() {
        guard !hasReader, !isStopped, let path else { return }
        if let end, PipeWriting.hasReader(end.descriptor) {
            return readerCame()
        }
        if let end, !path.leads(to: end.identity) {
            logger.info("another FIFO is at the path, or none: opening it afresh")
            closeEnd()
        }
        if end == nil {
            open(discarding: false)
        }
        if !hasReader {
            waitForReader()
        }
    }

    private func closeEnd() {
        readiness?.cancel()
        readiness = nil
        if let end {
            close(end.descriptor)
        }
        end = nil
    }

    private func report(_ error: FIFOError) {
        guard error != lastError else { return }
        lastError = error
        client?.sinkFailed(because: "\(error)")
    }
}

extension Intake {
    fileprivate mutating func drop(_ count: Int, because reason: DropReason) {
        guard count > 0 else { return }
        taken += count
        dropped[reason, default: 0] += count
    }
}
