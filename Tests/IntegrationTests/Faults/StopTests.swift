import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// SIGTERM at a random moment of a stream, again and again: nothing that was acknowledged is lost.
@Suite(.serialized) struct StopTests {
    /// Messages a second.
    fileprivate static let pace = 2_000

    enum Path: String, CaseIterable {
        case mqttToWebSocket, mqttToMQTT, mqttToFIFO, fifoToMQTT, udpToMQTT, webSocketToMQTT

        var source: String {
            switch self {
            case .mqttToWebSocket, .mqttToMQTT, .mqttToFIFO: "{ mqtt: local, topic: in, qos: 1 }"
            case .fifoToMQTT: "{ fifo: in.fifo }"
            case .udpToMQTT: "{ udp: 'PORT' }"
            case .webSocketToMQTT: "cloud"
            }
        }

        var sink: String {
            switch self {
            case .mqttToWebSocket: "{ connection: cloud }"
            case .mqttToMQTT: "{ mqtt: other, topic: out, qos: 1 }"
            case .mqttToFIFO: "{ fifo: out.fifo, no_reader: block }"
            case .fifoToMQTT, .udpToMQTT, .webSocketToMQTT: "{ mqtt: local, topic: out, qos: 1 }"
            }
        }
    }

    @Test(arguments: Path.allCases, ["memory", "spill", "always"])
    func nothingThatWasAcknowledgedIsLost(path: Path, store: String) async throws {
        let rounds = Faults.count(2, long: 100)
        try await withStopSite(path, store: store) { site in
            var random = SystemRandomNumberGenerator()
            var balances: [FinalBalance] = []
            for _ in 0..<rounds {
                let seen = site.received.count
                let gateway = try await site.life { gateway in
                    let wanted = seen + Int.random(in: 1...400, using: &random)
                    try await eventually("some of the stream; \(site.received.count - seen)\n\(gateway.log.tail())") {
                        site.received.count >= wanted
                    }
                }
                let balance = try await site.expectAgreement(gateway, seen: seen)
                balances.append(balance)
            }
            site.isStreaming.withLockedValue { $0 = false }
            // The rest arrives in a life without trouble.
            let seen = site.received.count
            let last = try await site.life { gateway in
                let sent = try await site.sent()
                try await eventually("the last of \(sent)\n\(gateway.log.tail())") { site.hasArrived(sent - 1) }
            }
            balances.append(try await site.expectAgreement(last, seen: seen))
            let sent = try await site.sent()
            let oracle = Oracle(received: site.received, safe: site.isKept ? Array(0..<sent) : [], sent: sent)
            oracle.expectNothingLost(last.log.tail())
            #expect(oracle.duplicates == 0, "an orderly stop leaves nothing in doubt")
            Faults.report(
                "stopped, \(path.rawValue) at \(store): \(rounds) rounds, \(sent) messages, "
                    + "\(balances.reduce(0) { $0 + $1.delivered }) delivered, \(oracle.lost.count) lost, "
                    + "\(oracle.duplicates) twice, \(oracle.invented) invented"
            )
        }
    }
}

/// What the last line about a route and sink says.
private struct FinalBalance: Equatable {
    var matched = 0
    var restored = 0
    var delivered = 0
    var queued = 0
    var expired = 0
    var dropped = 0

    /// Of a log line that ends with it.
    init?(_ line: String) {
        let numbers = /matched (\d+)(?:, restored (\d+))?, delivered (\d+), queued (\d+), expired (\d+), dropped (\d+)/
        guard let tail = line.split(separator: "final balance: ").last, let match = tail.wholeMatch(of: numbers) else {
            return nil
        }
        func number(_ text: Substring?) -> Int { text.flatMap { Int($0) } ?? 0 }
        matched = number(match.1)
        restored = number(match.2)
        delivered = number(match.3)
        queued = number(match.4)
        expired = number(match.5)
        dropped = number(match.6)
    }

    init(_ route: Stats.Route) {
        let sink = route.sinks[0]
        matched = route.matched
        restored = sink.restored
        delivered = sink.delivered
        queued = sink.queued
        expired = sink.expired
        dropped = sink.dropped.values.reduce(0, +)
    }

    var isBalanced: Bool { matched + restored == delivered + queued + expired + dropped }
}

/// A stream into a gateway that is stopped and started again, and what comes out at its other end.
private final class StopSite: Sendable {
    let path: StopTests.Path
    let parts: Site.Parts
    let isStreaming = NIOLockedValueBox(true)
    private let yaml: String
    private let recorder: MQTTTestClient
    private let stats: MQTTTestClient
    private let reader: FIFOReader?
    /// Kept open until the end: with its last end a pipe's content goes.
    private let writeEnd = NIOLockedValueBox<Int32>(-1)
    private let startedLives = NIOLockedValueBox(0)
    private let stream: NIOLockedValueBox<Task<Int, any Error>?> = NIOLockedValueBox(nil)

    init(
        _ path: StopTests.Path,
        _ yaml: String,
        _ parts: Site.Parts,
        recorder: MQTTTestClient,
        stats: MQTTTestClient,
        reader: FIFOReader?
    ) {
        self.path = path
        self.yaml = yaml
        self.parts = parts
        self.recorder = recorder
        self.stats = stats
        self.reader = reader
    }

    deinit {
        let descriptor = writeEnd.withLockedValue { $0 }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Whether someone keeps what comes while no gateway runs.
    var isKept: Bool {
        switch path {
        case .mqttToWebSocket, .mqttToMQTT, .mqttToFIFO, .fifoToMQTT: true
        case .udpToMQTT, .webSocketToMQTT: false
        }
    }

    /// What came out at the other end.
    var received: [String] {
        switch path {
        case .mqttToWebSocket: parts.server.texts
        case .mqttToFIFO: reader?.lines ?? []
        case .mqttToMQTT, .fifoToMQTT, .udpToMQTT, .webSocketToMQTT: recorder.messages.map(\.text)
        }
    }

    func hasArrived(_ id: Int) -> Bool { !isKept || received.contains(Oracle.text(id)) }

    func start(_ body: @escaping @Sendable (StopSite) async throws -> Int) {
        stream.withLockedValue { $0 = Task { try await body(self) } }
    }

    /// How many messages the stream had.
    func sent() async throws -> Int { try await stream.withLockedValue { $0 }?.value ?? 0 }

    /// A gateway that is stopped after `body`.
    func life(_ body: (Gateway) async throws -> Void) async throws -> Gateway {
        startedLives.withLockedValue { $0 += 1 }
        return try await withGateway(yaml, in: parts.directory) { gateway in
            try await body(gateway)
            try await gateway.stop()
            return gateway
        }
    }

    private var lives: Int { startedLives.withLockedValue { $0 } }

    /// The last line, the last stats and the other end say the same.
    func expectAgreement(_ gateway: Gateway, seen: Int) async throws -> FinalBalance {
        let lines = gateway.log.lines.filter { $0.contains("final balance") }
        #expect(lines.count == 1, "\(lines)")
        let said = gateway.log.lines.last { $0.contains("route=r ") }
        #expect(said == lines.last, "the last that is said of a route is its balance")
        let line = try #require(lines.last)
        let balance = try #require(FinalBalance(line))
        #expect(balance.isBalanced && balance.expired == 0 && balance.dropped == 0, "\(gateway.log.tail())")
        try await eventually("the goodbye") { stats.messages.count { $0.text == "offline" } == lives }
        let message = try #require(stats.messages.last { $0.topic.hasSuffix("/stats") })
        let last = try Stats(message.payload)
        let route = try #require(last.routes["r"])
        #expect(FinalBalance(route) == balance)
        try? await eventually { received.count - seen >= balance.delivered }
        #expect(received.count - seen == balance.delivered, "\(gateway.log.tail())")
        return balance
    }
}

/// The streams; each returns how many messages it had.
extension StopSite {
    /// Calls `send` with the next few message numbers, again and again, as fast as the pace allows.
    private func paced(_ send: (Range<Int>) async throws -> Void) async throws -> Int {
        var sent = 0
        let start = ContinuousClock.now
        while isStreaming.withLockedValue({ $0 }) {
            let next = sent..<sent + 10
            try await send(next)
            sent = next.upperBound
            try await Task.sleep(until: start + .seconds(1) * sent / StopTests.pace)
        }
        return sent
    }

    fileprivate func publish() async throws -> Int {
        try await withMQTTClient(of: parts.broker) { publisher in
            try await paced { ids in
                try await publisher.publish(ids.map { ("in", Array(Oracle.text($0).utf8)) })
            }
        }
    }

    /// Records that the pipe takes whole or not at all, and keeps while nobody reads.
    fileprivate func writeRecords() async throws -> Int {
        let descriptor = open(parts.path("in.fifo"), O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SetupError("cannot open the FIFO: errno \(errno)") }
        let sent = try await paced { ids in
            for id in ids {
                let record = Array((Oracle.text(id) + "\n").utf8)
                try await eventually("room in the pipe") {
                    record.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) } == record.count
                }
            }
        }
        writeEnd.withLockedValue { $0 = descriptor }
        return sent
    }

    fileprivate func sendDatagrams(to port: Int) async throws -> Int {
        let sender = try UDPSender(toPort: port)
        return try await paced { for id in $0 { sender.send(Oracle.text(id)) } }
    }

    fileprivate func sendFrames() async throws -> Int {
        try await paced { ids in
            guard let client = parts.server.clients.last, client.isEstablished else { return }
            // Who is just leaving takes nothing.
            try? await client.send(ids.map { .text(Oracle.text($0)) })
        }
    }
}

private func withStopSite(
    _ path: StopTests.Path,
    store: String,
    _ body: @Sendable (StopSite) async throws -> Void
) async throws {
    try await withMosquittoBroker { local in
        try await withMosquittoBroker { other in
            try await withMQTTRecorder(of: path == .mqttToMQTT ? other : local, "out") { recorder in
                try await withMQTTRecorder(of: local, "wsbridge/test/stats", "wsbridge/test/status") { stats in
                    try await withWebSocketServer { server in
                        try await withTemporaryDirectory { directory in
                            let parts = Site.Parts(broker: local, server: server, directory: directory)
                            let port = freePort()
                            let yaml = """
                                state_dir: \(parts.path("state"))
                                instance: test
                                connections:
                                  cloud: { url: "\(server.url)/feed" }
                                mqtt:
                                  local: { url: "\(local.url)", client_id: gateway }
                                  other: { url: "\(other.url)" }
                                status: { mqtt: local }
                                routes:
                                  r:
                                    from: \(path.source.replacing("PORT", with: "127.0.0.1:\(port)"))
                                    to: \(path.sink)
                                    queue: { store: \(store) }

                                """.replacing("in.fifo", with: parts.path("in.fifo"))
                                .replacing("out.fifo", with: parts.path("out.fifo"))
                            // The pipe is there before the gateway, so that its other end can be opened.
                            for name in ["in.fifo", "out.fifo"] { mkfifo(parts.path(name), 0o660) }
                            let reader = path == .mqttToFIFO ? try FIFOReader(parts.path("out.fifo")) : nil
                            let site = StopSite(path, yaml, parts, recorder: recorder, stats: stats, reader: reader)
                            // The session and its subscription, before anybody publishes.
                            _ = try await site.life { gateway in
                                try await gateway.status("the broker") { $0.brokers["local"]?.state == "connected" }
                            }
                            site.start { site in
                                switch path {
                                case .mqttToWebSocket, .mqttToMQTT, .mqttToFIFO: try await site.publish()
                                case .fifoToMQTT: try await site.writeRecords()
                                case .udpToMQTT: try await site.sendDatagrams(to: port)
                                case .webSocketToMQTT: try await site.sendFrames()
                                }
                            }
                            try await body(site)
                            try await reader?.stop()
                        }
                    }
                }
            }
        }
    }
}
