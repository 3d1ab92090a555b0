import Foundation
import NIOCore
import TestSupport
import Testing

/// A broker, or the way to it, that fails in the middle of a stream.
@Suite(.serialized) struct BrokerFaultTests {
    /// Everything between a feed and a subscriber whose messages the broker keeps.
    private struct Stream {
        let broker: MosquittoBroker
        let server: TestWebSocketServer
        let gateway: Gateway
        private(set) var sent = 0

        init(_ broker: MosquittoBroker, _ server: TestWebSocketServer, _ gateway: Gateway) {
            self.broker = broker
            self.server = server
            self.gateway = gateway
        }

        mutating func send(_ count: Int) async throws {
            try await server.send((sent..<sent + count).map { .text(Oracle.text($0)) })
            sent += count
        }

        /// All has arrived, in order; how many came twice.
        func finish(_ what: String, mostTwice: Int) async throws {
            let sent = sent
            let status = try await gateway.status("all is delivered", within: .seconds(120)) {
                $0.routes["out"]?.sinks[0].delivered == sent
            }
            status.expectBalance()
            #expect(try status.sink("out").dropped == [:])
            try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) { keeper in
                try await eventually("the last one", within: .seconds(60)) {
                    keeper.messages.last?.text == Oracle.text(sent - 1)
                }
                let messages = keeper.messages
                let oracle = Oracle(received: messages.map(\.text), safe: 0..<sent, sent: sent)
                oracle.expectNothingLost(gateway.log.tail())
                var seen: Set<String> = []
                let again = messages.filter { !seen.insert($0.text).inserted }
                let unmarked = again.count { !$0.isMarkedRedelivered }
                #expect(unmarked == 0, "what comes twice says so")
                #expect(again.count <= mostTwice, "\(again.count) came twice")
                Faults.report(
                    "\(what): \(sent) messages, \(oracle.lost.count) lost, \(again.count) twice, balance exact"
                )
            }
        }
    }

    private static let maxInflight = 100

    private func withStream(
        linked: Bool = false,
        broker keys: String = "",
        _ body: (inout Stream, TestLink?) async throws -> Void
    ) async throws {
        try await withMosquittoBroker(persistence: true) { broker in
            // A session of its own keeps what comes.
            try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) {
                try await $0.subscribe("out")
            }
            try await withLink(to: broker.port) { link in
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        var yaml =
                            "state_dir: \(parts.path("state"))\n"
                            + parts.standard(broker: "client_id: gateway\n\(keys)") + """
                                routes:
                                  out:
                                    from: cloud
                                    to: { mqtt: local, topic: out, qos: 1 }
                                    queue: { max_bytes: 64KiB }

                                """
                        if linked { yaml = yaml.replacing(broker.url, with: "mqtt://127.0.0.1:\(link.port)") }
                        try await withGateway(yaml, in: directory) { gateway in
                            try await server.waitForEstablished()
                            var stream = Stream(broker, server, gateway)
                            try await body(&stream, link)
                            try await gateway.stop()
                        }
                    }
                }
            }
        }
    }

    @Test func stoppedAndStartedWithinAStream() async throws {
        let restarts = Faults.count(2, long: 10)
        let chunk = Faults.count(1_000, long: 5_000)
        try await withStream { stream, _ in
            for _ in 0..<restarts {
                try await stream.send(chunk)
                await stream.broker.stop()
                try await stream.send(chunk)
                try await stream.broker.start()
            }
            try await stream.finish("broker stopped \(restarts) times", mostTwice: restarts * Self.maxInflight)
        }
    }

    /// It forgets what it had for others; what it has acknowledged is delivered all the same, and counted once.
    @Test func withoutPersistenceTheBalanceHolds() async throws {
        let restarts = Faults.count(2, long: 10)
        let chunk = Faults.count(1_000, long: 5_000)
        try await withMosquittoBroker { broker in
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    let parts = Site.Parts(broker: broker, server: server, directory: directory)
                    let yaml =
                        "state_dir: \(parts.path("state"))\n" + parts.standard()
                        + "routes: { out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } } }\n"
                    try await withGateway(yaml, in: directory) { gateway in
                        try await server.waitForEstablished()
                        for round in 0..<restarts {
                            try await server.send((0..<chunk).map { .text(Oracle.text($0)) })
                            await broker.crash()
                            try await server.send((0..<chunk).map { .text(Oracle.text($0)) })
                            try await broker.start()
                            try await gateway.status("round \(round)", within: .seconds(60)) {
                                $0.routes["out"]?.sinks[0].delivered == (round + 1) * chunk * 2
                            }.expectBalance()
                        }
                        try await gateway.stop()
                    }
                }
            }
        }
    }

    @Test func frozenBeyondTheKeepAlive() async throws {
        try await withStream(broker: "keep_alive: 5s") { stream, _ in
            try await stream.send(1_000)
            stream.broker.freeze()
            try await stream.send(1_000)
            try await stream.gateway.status("the broker is given up", within: .seconds(30)) {
                $0.brokers["local"]?.state != "connected"
            }
            stream.broker.thaw()
            try await stream.finish("broker frozen", mostTwice: Self.maxInflight)
        }
    }

    @Test func theLinkIsCutAndSlow() async throws {
        let cuts = Faults.count(3, long: 20)
        try await withStream(linked: true) { stream, link in
            let link = try #require(link)
            for cut in 0..<cuts {
                link.mode = cut % 2 == 0 ? .forwarding : .slow(.milliseconds(20))
                try await stream.send(500)
                try await stream.gateway.status("some of it is through") {
                    ($0.routes["out"]?.sinks[0].delivered ?? 0) > cut * 500
                }
                await link.cut()
            }
            link.mode = .forwarding
            try await stream.finish("link cut \(cuts) times", mostTwice: cuts * Self.maxInflight)
        }
    }

    @Test func refusedAndTakenOver() async throws {
        try await withStream(linked: true) { stream, link in
            let link = try #require(link)
            try await stream.send(500)
            // CONNACK with reason 0x88, server unavailable.
            link.mode = .answering([0x20, 0x03, 0x00, 0x88, 0x00])
            await link.cut()
            let before = link.accepted
            try await stream.send(500)
            try await eventually("two refusals") { link.accepted >= before + 2 }
            link.mode = .forwarding
            try await stream.gateway.status("it goes on") { $0.routes["out"]?.sinks[0].queued == 0 }
            // Somebody with the same client id takes the session, until the gateway takes it back.
            try await withMQTTClient(of: stream.broker, clientID: "gateway", sessionExpiry: 600) { thief in
                try await stream.send(500)
                try await eventually("it is taken back") { thief.isClosed }
            }
            try await stream.finish("refused and taken over", mostTwice: 3 * Self.maxInflight)
        }
    }
}
