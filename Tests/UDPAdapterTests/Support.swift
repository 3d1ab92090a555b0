import BridgeCore
import BridgeTestSupport
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore
@testable import UDPAdapter

/// A UDP sink behind the queue that a route would have.
final class SinkUnderTest {
    let sink: UDPSink
    let queue: RouteQueue

    init(_ configuration: UDPSinkConfiguration, eventLoop: any EventLoop) {
        sink = UDPSink(configuration: configuration, eventLoop: eventLoop, logger: .silent)
        queue = RouteQueue(
            route: "test",
            sink: sink,
            policy: QueuePolicy(whenFull: .dropNewest, maxBytes: 16 << 20),
            store: MemoryStore(),
            log: .silent
        )
    }
}

/// Starts a sink for the duration of `body`.
func withUDPSink(
    _ configuration: UDPSinkConfiguration,
    _ body: (OnLoop<SinkUnderTest>) async throws -> Void
) async throws {
    try await withEventLoop { eventLoop in
        let test = try await OnLoop(eventLoop) { SinkUnderTest(configuration, eventLoop: $0) }
        try await test.run { $0.sink.start() }
        do {
            try await body(test)
        } catch {
            try await test.run { $0.sink.stop {} }
            throw error
        }
        try await test.run { $0.sink.stop {} }
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

/// Collects what a source receives.
final class SourceUnderTest: SourceClient {
    let source: UDPSource
    private let eventLoop: any EventLoop
    private(set) var payloads: [[UInt8]] = []
    private(set) var batches: [(count: Int, capacity: Int)] = []
    private(set) var rejections: [RejectReason: Int] = [:]
    /// How many batches had come when the loop got to something else, after the first.
    private(set) var batchesBeforeOthers: Int?

    init(_ configuration: UDPSourceConfiguration, largestDatagram: Int, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        source = UDPSource(
            configuration: configuration,
            eventLoop: eventLoop,
            logger: .silent,
            largestDatagram: largestDatagram
        )
        source.client = self
    }

    func received(_ batch: MessageBatch) {
        if batches.isEmpty {
            eventLoop.assumeIsolated().execute { self.batchesBeforeOthers = self.batches.count }
        }
        batches.append((batch.count, batch.bytes.capacity))
        batch.withUnsafeBytes { bytes in
            for entry in batch.entries { payloads.append(Array(bytes[entry.payload])) }
        }
    }

    func rejected(_ count: Int, because reason: RejectReason) {
        rejections[reason, default: 0] += count
    }
}

/// Starts a source for the duration of `body`, on any free port of the configured host.
func withUDPSource(
    _ configuration: UDPSourceConfiguration = UDPSourceConfiguration(address: UDPAddress(host: "127.0.0.1", port: 0)),
    largestDatagram: Int = 65_536,
    _ body: (OnLoop<SourceUnderTest>, _ port: Int) async throws -> Void
) async throws {
    try await withEventLoop { eventLoop in
        let test = try await OnLoop(eventLoop) {
            SourceUnderTest(configuration, largestDatagram: largestDatagram, eventLoop: $0)
        }
        let port = try await test.run { test in
            try test.source.start()
            return test.source.port ?? 0
        }
        do {
            try await body(test, port)
        } catch {
            try await test.run { $0.source.stop {} }
            throw error
        }
        try await test.run { $0.source.stop {} }
    }
}

extension OnLoop where Value == SourceUnderTest {
    var payloads: [[UInt8]] {
        get async throws { try await run { $0.payloads } }
    }

    var texts: [String] {
        get async throws { try await payloads.map { String(decoding: $0, as: UTF8.self) } }
    }

    var count: Int {
        get async throws { try await run { $0.payloads.count } }
    }

    func rejections(_ reason: RejectReason) async throws -> Int {
        try await run { $0.rejections[reason, default: 0] }
    }
}

/// Sends single datagrams from an address of choice.
final class TestSender {
    private let descriptor: CInt

    init(to host: String, port: Int, from source: String? = nil) throws {
        let endpoint = try #require(UDPEndpoint.resolve(UDPAddress(host: host, port: port), numericOnly: true).first)
        descriptor = try SocketOption.open(endpoint.family)
        if let source {
            let own = try #require(UDPEndpoint.resolve(UDPAddress(host: source, port: 0), numericOnly: true).first)
            guard own.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else { throw KernelError("bind") }
        }
        guard endpoint.withSocketAddress({ connect(descriptor, $0, $1) }) == 0 else { throw KernelError("connect") }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, 0) }
    }

    func send(_ text: String) { send(Array(text.utf8)) }
}
