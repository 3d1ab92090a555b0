import BridgeCore
import BridgeTestSupport
import Foundation
import NIOCore
import NIOPosix
import TestSupport

@testable import BridgeCore
@testable import FIFOAdapter

/// A FIFO sink behind the queue that a route would have.
final class SinkUnderTest {
    let sink: FIFOSink
    let queue: RouteQueue

    init(
        _ configuration: FIFOSinkConfiguration,
        policy: QueuePolicy? = nil,
        lookInterval: TimeAmount = .seconds(5),
        eventLoop: any EventLoop
    ) {
        sink = FIFOSink(
            configuration: configuration,
            eventLoop: eventLoop,
            logger: .silent,
            lookInterval: lookInterval
        )
        queue = RouteQueue(
            route: "test",
            sink: sink,
            policy: policy ?? QueuePolicy(QueueConfiguration(), for: .fifo(configuration)),
            store: MemoryStore(),
            log: .silent
        )
    }
}

/// Starts a sink for the duration of `body`.
func withFIFOSink<Result>(
    _ configuration: FIFOSinkConfiguration,
    policy: QueuePolicy? = nil,
    lookInterval: TimeAmount = .seconds(5),
    _ body: (OnLoop<SinkUnderTest>) async throws -> Result
) async throws -> Result {
    try await withEventLoop { eventLoop in
        let test = try await OnLoop(eventLoop) {
            SinkUnderTest(configuration, policy: policy, lookInterval: lookInterval, eventLoop: $0)
        }
        try await test.run { $0.sink.start() }
        do {
            let result = try await body(test)
            try await test.run { $0.sink.stop {} }
            return result
        } catch {
            try await test.run { $0.sink.stop {} }
            throw error
        }
    }
}

extension OnLoop where Value == SinkUnderTest {
    func send(_ payloads: [[UInt8]]) async throws {
        try await run { $0.queue.accept(.of(payloads: payloads)) }
    }

    func send(_ texts: String...) async throws {
        try await send(texts.map { Array($0.utf8) })
    }

    var balance: Balance {
        get async throws { try await run { $0.queue.currentBalance } }
    }
}

/// Collects what a source reads.
final class SourceUnderTest: SourceClient {
    let source: FIFOSource
    private(set) var records: [[UInt8]] = []
    private(set) var rejections: [RejectReason: Int] = [:]
    var pausesAfterEachBatch = false

    /// Whether the stop that was asked for has ended.
    var isStopped = false

    init(_ configuration: FIFOSourceConfiguration, maxRecordSize: Int = 16 << 20, eventLoop: any EventLoop) {
        source = FIFOSource(
            configuration: configuration,
            eventLoop: eventLoop,
            logger: .silent,
            maxRecordSize: maxRecordSize
        )
        source.client = self
    }

    func received(_ batch: MessageBatch) {
        batch.withUnsafeBytes { bytes in
            for entry in batch.entries { records.append(Array(bytes[entry.payload])) }
        }
        if pausesAfterEachBatch { source.pause() }
    }

    func rejected(_ count: Int, because reason: RejectReason) {
        rejections[reason, default: 0] += count
    }
}

/// Starts a source for the duration of `body`.
func withFIFOSource(
    _ configuration: FIFOSourceConfiguration,
    maxRecordSize: Int = 16 << 20,
    _ body: (OnLoop<SourceUnderTest>) async throws -> Void
) async throws {
    try await withEventLoop { eventLoop in
        let test = try await OnLoop(eventLoop) {
            SourceUnderTest(configuration, maxRecordSize: maxRecordSize, eventLoop: $0)
        }
        try await test.run { try $0.source.start() }
        do {
            try await body(test)
        } catch {
            try await test.run { $0.source.stop {} }
            throw error
        }
        try await test.run { $0.source.stop {} }
    }
}

extension OnLoop where Value == SourceUnderTest {
    var records: [[UInt8]] {
        get async throws { try await run { $0.records } }
    }

    var texts: [String] {
        get async throws { try await records.map { String(decoding: $0, as: UTF8.self) } }
    }

    /// Stops the source.
    func stop() async throws {
        try await run { test in test.source.stop { test.isStopped = true } }
    }

    var isStopped: Bool {
        get async throws { try await run { $0.isStopped } }
    }

    func rejections(_ reason: RejectReason) async throws -> Int {
        try await run { $0.rejections[reason, default: 0] }
    }
}

/// A FIFO's end, opened and closed by hand.
struct PipeEnd {
    let descriptor: CInt

    init(reading path: String) throws {
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("open") }
    }

    init(writing path: String) throws {
        descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("open") }
    }

    /// What there is now, up to so many bytes.
    func read(upTo count: Int = 1 << 20) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { space, initialized in
            initialized = max(0, Foundation.read(descriptor, space.baseAddress, count))
        }
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: some Collection<UInt8>) {
        _ = Array(bytes).withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }

    func close() {
        _ = Foundation.close(descriptor)
    }
}

func makeFIFO(_ path: String, mode: mode_t = 0o660) throws {
    guard mkfifo(path, mode) == 0, chmod(path, mode) == 0 else { throw KernelError("mkfifo") }
}

func mode(of path: String) throws -> mode_t {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw KernelError("lstat") }
    return status.st_mode
}
