import Foundation
import TestSupport
import Testing

/// How connections come back, with the real binary.
struct ReturnTests {
    /// A gateway with so many connections to one server.
    private func withConnections(
        _ count: Int,
        _ script: TestWebSocketServer.Script = .init(),
        keys: String = "",
        _ body: (TestWebSocketServer, Gateway) async throws -> Void
    ) async throws {
        try await withWebSocketServer(script) { server in
            try await withTemporaryDirectory { directory in
                let connections = (0..<count).map { "  c\($0):\n    url: \(server.url)\n\(keys.indented(4))" }
                let yaml = "instance: test\nconnections:\n" + connections.joined(separator: "\n")
                try await withGateway(yaml, in: directory) { gateway in try await body(server, gateway) }
            }
        }
    }

    @Test("ten that lose the same server do not come back in the same instant")
    func tenComeBackAtDifferentTimes() async throws {
        try await withConnections(10) { server, gateway in
            try await server.waitForEstablished(10)
            let lost = ContinuousClock.now
            await server.dropAll()
            var arrivals: [Duration] = []
            while arrivals.count < 10 {
                try await eventually("another one") { server.acceptedCount > 10 + arrivals.count }
                while arrivals.count < server.acceptedCount - 10 { arrivals.append(ContinuousClock.now - lost) }
            }
            // What each chose, in tenths of a second: how far apart a busy machine lets them come says nothing.
            let waits = gateway.log.lines.compactMap { line in
                line.firstMatch(of: /disconnected: .*; next attempt in ([0-9]+)\.([0-9]) s/)
                    .flatMap { Int($0.1 + $0.2) }
            }.sorted()
            try #require(waits.count == 10, "\(waits)")
            // Full jitter over a second: that all ten fall into a fifth of it happens once in 200,000 runs.
            #expect(waits[9] - waits[0] > 1, "\(waits)")
            // And each waits for its time.
            for (arrival, wait) in zip(arrivals, waits) { #expect(arrival >= .milliseconds(wait * 100)) }
            try await server.waitForEstablished(10)
            try await gateway.stop()
        }
    }

    @Test("S14: a server that accepts and closes at once is not hammered, and its reasons are kept")
    func acceptAndCloseIsNotHammered() async throws {
        let script = TestWebSocketServer.Script(onEstablished: [.close(code: 4003, reason: "no subscription"), .endTCP])
        try await withConnections(1, script, keys: "reconnect: { initial_delay: 100ms, max_delay: 10s }") {
            server,
            gateway in
            let status = try await gateway.status("three failures") {
                ($0.connections["c0"]?.failures?.count ?? 0) >= 3
            }
            let failures = try #require(status.connections["c0"]?.failures)
            for failure in failures {
                #expect(failure.reason.contains("4003, \"no subscription\"; a code of this service"))
                #expect(isTimestamp(failure.at))
            }
            let text = try await gateway.command("status").output
            #expect(text.contains("  failed 20"))
        }
    }

    @Test(arguments: [(UInt16(1012), 5.0...30.5), (1013, 10.0...20.5)])
    func comeBackLaterIsHonoured(code: UInt16, range: ClosedRange<Double>) async throws {
        let script = TestWebSocketServer.Script(onEstablished: [.close(code: code, reason: ""), .endTCP])
        try await withConnections(1, script, keys: "reconnect: { initial_delay: 10ms, max_delay: 20ms }") {
            server,
            gateway in
            let line = try await gateway.log.line("the next attempt") { $0.contains("next attempt in") }
            let wait = try #require(line.firstMatch(of: /next attempt in ([0-9.]+) s/)).1
            #expect(range.contains(try #require(Double(wait))))
            #expect(line.contains("it asks to come back later"))
        }
    }

    @Test("200 connections, a message each, all lost and back", .timeLimit(.minutes(2)))
    func twoHundredConnections() async throws {
        try await withConnections(200, keys: "reconnect: { initial_delay: 1s }") { server, gateway in
            try await server.waitForEstablished(200)
            try await server.send("to all")
            try await gateway.status("a message each") { status in
                status.connections.count == 200 && status.connections.values.allSatisfy { $0.received == 1 }
            }
            await server.dropAll()
            try await eventually("all back", within: .seconds(40)) {
                server.acceptedCount >= 400 && server.establishedCount == 200
            }
            let status = try await gateway.status("established") { status in
                status.connections.values.allSatisfy { $0.state == "established" && $0.reconnects == 1 }
            }
            #expect(status.connections.count == 200)
            try await gateway.stop()
        }
    }
}
