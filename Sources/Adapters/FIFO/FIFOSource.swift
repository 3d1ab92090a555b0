package import BridgeCore
internal import CLinux
internal import Glibc
package import Logging
package import NIOCore

/// Reads a named pipe, each record a message.
///
/// Confined to its event loop.
///
/// Writers may come and go. When the last one leaves, what it left unfinished is `incomplete`, and the FIFO is opened
/// afresh before the old descriptor is closed: only a fresh descriptor is silent until the next writer comes, and the
/// pipe, with what a quick next writer has put into it, always has a reader.
package final class FIFOSource: Source {
    package let name: String
    package weak var client: (any SourceClient)?

    private static let readSize = 256 << 10
    private static let pipeSize: CInt = 1 << 20
    /// What one turn of the event loop reads at most, before others have theirs.
    private static let readsPerTurn = 4
    /// The same once it is stopped: it reads byte by byte up to a delimiter.
    private static let readsPerTurnToStop = 1024
    /// How often it is looked at whether another FIFO is at the path, or the FIFO can be opened again.
    private static let lookInterval = TimeAmount.seconds(5)

    private let configuration: FIFOSourceConfiguration
    private let eventLoop: any EventLoop
    private let logger: Logger
    private var path: FIFOPath?
    private var opened: FIFOPath.Opened?
    private var readiness: Readiness?
    private var nextLook: Scheduled<Void>?
    private var lastError: FIFOError?

    private var framer: FIFOFramer
    private var buffer = ByteBuffer()
    private var entries = ContiguousArray<MessageBatch.Entry>()
    private var isPaused = false
    /// Told once the record that had begun is whole, or its writer gone: nothing behind it is read.
    private var stopCompletion: (() -> Void)?
    /// Between `armed` and the notice, or in a turn's reads: nothing else may begin to read.
    private var isWaiting = false

    /// Records of more than `maxRecordSize` bytes are rejected as `too_large`.
    package init(
        configuration: FIFOSourceConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        maxRecordSize: Int = 16 << 20
    ) {
        name = "fifo:\(configuration.path)"
        self.configuration = configuration
        self.eventLoop = eventLoop
        var logger = logger
        logger[metadataKey: "source"] = "\(name)"
        self.logger = logger
        framer = FIFOFramer(configuration.framing, maxRecordSize: maxRecordSize)
    }

    deinit {
        readiness = nil
        if let opened {
            close(opened.descriptor)
        }
    }

    package func start() throws {
        eventLoop.assertInEventLoop()
        let path = try FIFOPath(configuration.path)
        self.path = path
        let opened = try path.open(O_RDONLY)
        if opened.isOpenToOthers {
            logger.warning("every user of this machine may open the FIFO: chmod o= \(configuration.path) stops that")
        }
        use(opened)
        scheduleLook()
        wait()
    }

    package func pause() {
        isPaused = true
    }

    package func resume() {
        guard isPaused else { return }
        isPaused = false
        wait()
    }

    package func stop(completion: @escaping () -> Void) {
        eventLoop.assertInEventLoop()
        nextLook?.cancel()
        path = nil
        guard opened != nil, framer.isInsideRecord else {
            closeOpened()
            return completion()
        }
        stopCompletion = completion
        isPaused = false
        noticed()
    }

    private func endStop() {
        closeOpened()
        stopCompletion?()
        stopCompletion = nil
    }

    // MARK: - Reading

    private func wait() {
        guard let readiness, !isWaiting, !isPaused else { return }
        do throws(KernelError) {
            try readiness.arm(for: .readable)
            isWaiting = true
        } catch {
            logger.error("can't wait for the FIFO, so trying again soon: \(error)")
        }
    }

    private func noticed() {
        isWaiting = false
        for _ in 0..<(stopCompletion == nil ? Self.readsPerTurn : Self.readsPerTurnToStop) {
            guard let opened, !isPaused else { return }
            switch readSome(opened.descriptor) {
            case .full: continue
            case .drained: return wait()
            case .lastRecord: return endStop()
            case .end: return writerLeft()
            case .failed(let error):
                logger.error("reading failed, opening the FIFO afresh: \(error)")
                return writerLeft()
            }
        }
        isWaiting = true
        eventLoop.assumeIsolated().execute { [weak self] in self?.noticed() }
    }

    private enum Reading {
        /// There may be more.
        case full
        case drained
        /// The record that had begun when the source was stopped is whole.
        case lastRecord
        /// No writer is left, and nothing of what was written.
        case end
        case failed(KernelError)
    }

    private func readSome(_ descriptor: CInt) -> Reading {
        if buffer.capacity < Self.readSize {
            buffer.reserveCapacity(Self.readSize)
        }
        let limit = stopCompletion == nil ? .max : buffer.withUnsafeReadableBytes(framer.bytesMissing)
        var asked = 0
        var failure: CInt = 0
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.readSize / 8) { space in
            asked = min(space.count, limit)
            while true {
                let count = read(descriptor, space.baseAddress, asked)
                if count >= 0 { return count }
                failure = errno
                if failure != EINTR { return 0 }
            }
        }
        guard failure == 0 || count > 0 else {
            return failure == EAGAIN ? .drained : .failed(KernelError("read", code: failure))
        }
        guard count > 0 else { return .end }
        frame()
        if stopCompletion != nil, !framer.isInsideRecord { return .lastRecord }
        // An end that came before this descriptor was opened is told by a read only; it matters inside a record.
        return count == asked || framer.isInsideRecord ? .full : .drained
    }

    /// Hands on the whole records in the buffer, and keeps the rest in it.
    private func frame() {
        let start = buffer.readerIndex
        let progress = buffer.withUnsafeReadableBytes { framer.frame($0, at: start, into: &entries) }
        buffer.moveReaderIndex(forwardBy: progress.consumed)
        if progress.tooLarge > 0 {
            client?.rejected(progress.tooLarge, because: .tooLarge)
        }
        if !entries.isEmpty {
            client?.received(MessageBatch(bytes: buffer, entries: entries, receivedAt: .now()))
            entries.removeAll(keepingCapacity: true)
        }
        guard progress.consumed > 0 else { return }
        // Each takes the same memory again, unless a client kept the batch.
        if buffer.capacity > 4 * Self.readSize {
            buffer = ByteBuffer(buffer.readableBytesView)
        } else if buffer.readableBytes == 0 {
            buffer.clear()
        } else {
            buffer.discardReadBytes()
        }
    }

    // MARK: - Writers that come and go

    private func writerLeft() {
        if framer.writerLeft() {
            client?.rejected(1, because: .incomplete)
        }
        buffer.clear()
        if stopCompletion != nil { return endStop() }
        openAfresh()
    }

    private func openAfresh() {
        guard let path else { return }
        do throws(FIFOError) {
            use(try path.open(O_RDONLY))
            wait()
        } catch {
            // The old descriptor would only tell again and again that its writers are gone.
            closeOpened()
            guard error != lastError else { return }
            lastError = error
            logger.error("\(error); trying again every few seconds")
        }
    }

    private func use(_ fresh: FIFOPath.Opened) {
        _ = fcntl(fresh.descriptor, clinux_F_SETPIPE_SZ, Self.pipeSize)
        closeOpened()
        opened = fresh
        lastError = nil
        readiness = Readiness(descriptor: fresh.descriptor, eventLoop: eventLoop) { [weak self] in self?.noticed() }
    }

    private func closeOpened() {
        readiness?.cancel()
        readiness = nil
        isWaiting = false
        if let opened {
            close(opened.descriptor)
        }
        opened = nil
    }

    private func scheduleLook() {
        nextLook = eventLoop.assumeIsolated().scheduleTask(in: Self.lookInterval) { [weak self] in self?.look() }
    }

    /// Another FIFO, or none, may be at the path by now; or one can be opened at last.
    private func look() {
        guard let path else { return }
        scheduleLook()
        if let opened, path.leads(to: opened.identity) {
            return wait()
        }
        guard !isPaused else { return }
        if let opened {
            logger.info("another FIFO is at the path, or none: opening it afresh")
            for _ in 0..<Self.readsPerTurn {
                guard case .full = readSome(opened.descriptor) else { break }
            }
        }
        writerLeft()
    }
}
