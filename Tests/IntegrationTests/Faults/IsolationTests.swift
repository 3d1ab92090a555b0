import Foundation
import NIOCore
import TestSupport
import Testing

/// What a sink that stands still costs the others: nothing, against the same sink at work.
@Suite(.serialized) struct IsolationTests {
    private enum Trouble: String, CaseIterable {
        case none
        /// The second broker hangs.
        case stuck
        /// Nobody listens where the second broker should be.
        case refused
        /// All that the second broker gets is 50 ms late.
        case slow
    }

    private static let total = Faults.count(2_000, long: 100_000)

    /// How long the good sink and another connection take for all their messages.
    private func measure(_ trouble: Trouble) async throws -> Duration {
        try await withMosquittoBroker { good in
            try await withMosquittoBroker { bad in
                try await withLink(to: bad.port) { link in
                    try await withMQTTRecorder(of: good, "out") { recorder in
                        try await withWebSocketServer { server in
                            try await withTemporaryDirectory { directory in
                                let parts = Site.Parts(broker: good, server: server, directory: directory)
                                let yaml =
                                    "state_dir: \(parts.path("state"))\n" + parts.standard()
                                    + "  other: { url: \"mqtt://127.0.0.1:\(link.port)\" }\n" + """
                                        status: { mqtt: local }
                                        routes:
                                          out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }
                                          side:
                                            from: cloud
                                            to: { mqtt: other, topic: side, qos: 1 }
                                            queue: { when_full: drop_oldest, max_bytes: 1MiB, max_disk: 4MiB }

                                        """
                                return try await withGateway(yaml, in: directory) { gateway in
                                    try await server.waitForEstablished()
                                    try await gateway.status("both brokers") {
                                        $0.brokers.values.allSatisfy { $0.state == "connected" }
                                    }
                                    switch trouble {
                                    case .none: break
                                    case .stuck: bad.freeze()
                                    case .refused: await bad.crash()
                                    case .slow: link.mode = .slow(.milliseconds(50))
                                    }
                                    let start = ContinuousClock.now
                                    for first in stride(from: 0, to: Self.total, by: 1_000) {
                                        try await server.send((first..<first + 1_000).map { .text(Oracle.text($0)) })
                                    }
                                    try await eventually("the good sink's", within: .seconds(120)) {
                                        recorder.count >= Self.total
                                    }
                                    let time = ContinuousClock.now - start
                                    bad.thaw()
                                    try await gateway.status("the good sink") {
                                        $0.routes["out"]?.sinks[0].delivered == Self.total
                                    }.expectBalance()
                                    try await gateway.stop()
                                    return time
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func aSinkInTroubleCostsTheOthersNothing() async throws {
        // Three of each in turn, the best one counts: whatever else the machine does only makes it slower.
        var best: [Trouble: Duration] = [:]
        for _ in 0..<Faults.count(1, long: 3) {
            for trouble in Trouble.allCases {
                best[trouble] = min(try await measure(trouble), best[trouble] ?? .seconds(1_000))
            }
        }
        let base = try #require(best[.none])
        for trouble in Trouble.allCases where trouble != .none {
            let time = try #require(best[trouble])
            let share = base / time
            Faults.report("isolation, a sink \(trouble.rawValue): the other at \(Int(share * 100)) % of its throughput")
            // The short form only shows that nothing stands still.
            #expect(share > (Faults.isLong ? 0.9 : 0.2), "\(trouble): \(time) against \(base)")
        }
    }
}
