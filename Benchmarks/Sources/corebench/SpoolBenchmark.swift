import BridgeCore
import Foundation
import Logging
import NIOCore
import NIOPosix

/// Queues at each level, from a source to a sink that settles at once; then a spool that is drained after a restart.
///
/// By the wall clock, on the disk under the temporary folder.
///
///     swift run -c release corebench spool [MESSAGES]
enum SpoolBenchmark {
    private static let messageBytes = 256
    private static let batch = 64

    static func run(messages: Int) throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        print("queue, \(messages) messages of \(messageBytes) B".padded(44) + "msg/s".right + "device B/msg".right)
        for level in ["memory", "spill", "always", "always, 64 each 20 ms"] {
            let folder = try makeFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let before = deviceBytes()
            let rig = try loop.submit { NIOLoopBound(try Rig(level, folder, loop), eventLoop: loop) }.wait()
            let start = DispatchTime.now().uptimeNanoseconds
            let isPaced = level.contains(",")
            let messages = isPaced ? messages / 50 : messages
            try loop.flatSubmit { rig.value.feed(messages, settling: true, isPaced: isPaced) }.wait()
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
            try loop.flatSubmit { rig.value.close() }.wait()
            let device = Double(deviceBytes() - before) / Double(messages)
            print("  \(level)".padded(44) + "\(Int(Double(messages) / seconds))".right + "\(Int(device))".right)
        }
        try drain(messages, loop)
    }

    private static func drain(_ messages: Int, _ loop: any EventLoop) throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let full = try loop.submit { NIOLoopBound(try Rig("always", folder, loop), eventLoop: loop) }.wait()
        try loop.flatSubmit { full.value.feed(messages, settling: false) }.wait()
        try loop.flatSubmit { full.value.close() }.wait()
        let before = residentKilobytes()
        let start = DispatchTime.now().uptimeNanoseconds
        let rig = try loop.submit { NIOLoopBound(try Rig("always", folder, loop), eventLoop: loop) }.wait()
        let first = try loop.flatSubmit { rig.value.drain() }.wait()
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        let peak = residentKilobytes()
        try loop.flatSubmit { rig.value.close() }.wait()
        print("  drained after a restart".padded(44) + "\(Int(Double(messages) / seconds))".right)
        let delay = Int(Double(first - start) / 1e6)
        print("  first message after \(delay) ms; RSS \(before / 1024) MB before, \(peak / 1024) MB at the end")
    }

    private static func makeFolder() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        return folder
    }

    private static func deviceBytes() -> Int { field("write_bytes:", of: "/proc/self/io") }
    private static func residentKilobytes() -> Int { field("VmRSS:", of: "/proc/self/status") }

    private static func field(_ name: String, of file: String) -> Int {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return Int(line.dropFirst(name.count).filter(\.isNumber)) ?? 0
    }

    /// A source, one route, one queue, and a sink.
    private final class Rig: Source {
        let name = "bench"
        private let loop: any EventLoop
        private var spool: Spool?
        private var hub: SourceHub?
        private var queue: RouteQueue?
        private var isPaused = false
        private var isSettling = false
        /// A batch for each commit, as from a feed that is no flood.
        private var isPaced = false
        private var left = 0
        private var delivered = 0
        private var expected = 0
        private var first: UInt64 = 0
        private var done: EventLoopPromise<Void>?
        private let messages: MessageBatch

        weak var client: (any SourceClient)?

        init(_ level: String, _ folder: String, _ loop: any EventLoop) throws {
            self.loop = loop
            messages = Feed.batch(Feed.object(messageBytes), count: batch)
            let log = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
            let sink = BenchSink()
            let policy = QueuePolicy(whenFull: .block, maxBytes: 16 << 20)
            let queue: RouteQueue
            if level == "memory" {
                queue = RouteQueue(route: "r", sink: sink, policy: policy, store: MemoryStore(), log: log)
            } else {
                let engine = SQLiteEngine(
                    directory: folder,
                    sync: level.hasPrefix("always") ? .full : .normal,
                    maxBytes: 1 << 40
                )
                let spool = try Spool(engine, eventLoop: loop, log: log)
                let place = try spool.place(for: "r -> bench")
                let store = SpooledStore(
                    level: level.hasPrefix("always") ? .always : .spill,
                    maxBytes: 16 << 20,
                    maxDisk: 1 << 40,
                    window: 4096,
                    contents: place
                )
                queue = RouteQueue(
                    route: "r",
                    sink: sink,
                    policy: policy,
                    store: store,
                    spool: spool,
                    place: place.number,
                    log: log
                )
                self.spool = spool
            }
            self.queue = queue
            hub = SourceHub(source: self, routes: [Route(name: "r", matcher: nil, queues: [queue], log: log)])
            held = sink
            sink.rig = self
        }

        private var held: BenchSink?

        func feed(_ count: Int, settling: Bool, isPaced: Bool = false) -> EventLoopFuture<Void> {
            let promise = loop.makePromise(of: Void.self)
            done = promise
            left = count
            expected = count
            isSettling = settling
            self.isPaced = isPaced
            if settling { held?.client?.sinkIsReady() }
            push()
            return promise.futureResult
        }

        func drain() -> EventLoopFuture<UInt64> {
            let promise = loop.makePromise(of: Void.self)
            done = promise
            expected = queue?.currentBalance.restored ?? 0
            isSettling = true
            held?.client?.sinkIsReady()
            return promise.futureResult.assumeIsolated().map { self.first }.nonisolated()
        }

        private func push() {
            guard left > 0, !isPaused else { return }
            left -= batch
            client?.received(messages)
            if left <= 0, !isSettling {
                spool?.whenIdle { self.done?.succeed() }
                return
            }
            if isPaced {
                loop.assumeIsolated().scheduleTask(in: .milliseconds(20)) { self.push() }
            } else {
                loop.assumeIsolated().execute { self.push() }
            }
        }

        func take(_ batch: MessageBatch) -> Intake {
            guard isSettling else { return Intake() }
            if first == 0 { first = DispatchTime.now().uptimeNanoseconds }
            held?.client?.settle(batch.count, as: .delivered)
            delivered += batch.count
            if delivered >= expected {
                let done = done
                self.done = nil
                if let spool { spool.whenIdle { done?.succeed() } } else { done?.succeed() }
            }
            return Intake(taken: batch.count)
        }

        func close() -> EventLoopFuture<Void> {
            let promise = loop.makePromise(of: Void.self)
            guard let spool else {
                promise.succeed()
                return promise.futureResult
            }
            spool.whenIdle { spool.close { promise.succeed() } }
            return promise.futureResult
        }

        func start() {}
        func pause() { isPaused = true }
        func resume() {
            isPaused = false
            loop.assumeIsolated().execute { self.push() }
        }
        func stop(completion: @escaping () -> Void) { completion() }
    }

    private final class BenchSink: Sink {
        let name = "bench"
        let settlesLater = true
        weak var client: (any SinkClient)?
        weak var rig: Rig?

        func start() {}
        func take(_ batch: MessageBatch) -> Intake { rig?.take(batch) ?? Intake() }
        func stop(completion: @escaping () -> Void) { completion() }
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
    fileprivate var right: String { String(repeating: " ", count: max(1, 14 - count)) + self }
}
