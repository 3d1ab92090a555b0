import Foundation
import NIOCore
import TestSupport
import Testing

/// Every way in which a server can be hostile, all at once against one gateway, beside a connection that is well.
@Suite(.serialized)
struct HostileServerTests {
    /// Sanitizers multiply memory; what they run under says so.
    private let isSanitized = ProcessInfo.processInfo.environment["SANITIZED"] != nil
    private static let memoryBound = 100_000_000

    @Test("S2, S3, S10: each hostile server gets its close code and one clear line; nobody else notices")
    func everyActEndsAsItShould() async throws {
        let acts = HostileAct.all
        try await withSite(acts, wellRoutes: "") { site in
            let ending = zip(acts, site.servers).filter { !$0.0.reason.isEmpty }
            try await site.waitForLines(of: ending.map(\.0))
            let status = try await site.gateway.status("the acts' ends") { status in
                ending.allSatisfy { act, _ in status.connections[act.name]?.state == act.endState }
            }
            for (act, server) in ending {
                try await site.expect(act, server, status.connections[act.name]?.reason ?? "")
            }
            for (act, server) in zip(acts, site.servers) where act.reason.isEmpty {
                try await eventually("\(act.name): so much taken", within: .seconds(60)) {
                    server.record.sentCount > 4 << 20 || act.name == "flood-of-pings-unread"
                }
                #expect(server.record.closeCode == nil, "\(act.name)")
            }
            try await site.expectWell(memoryBelow: isSanitized ? .max : Self.memoryBound)
        }
    }

    @Test("S3: what a server doesn't read is bounded here, and counted")
    func aServerThatNeverReads() async throws {
        let deaf = HostileAct(
            name: "deaf",
            steps: [.answer(HostileAct.handshake), .stopReading, .awaitEnd],
            reason: ""
        )
        let route =
            "to-deaf: { from: well, to: deaf, queue: { max_bytes: 1MiB, when_full: drop_oldest, store: memory } }"
        try await withSite([deaf], wellRoutes: route) { site in
            try await site.gateway.status("established") { $0.connections["deaf"]?.state == "established" }
            let payload = TestWebSocketServer.Sending.binary(HostileAct.zeros(32 << 10))
            for _ in 0..<10 {
                try await site.well.send([TestWebSocketServer.Sending](repeating: payload, count: 100))
            }
            let status = try await site.gateway.status("32 MiB received and most of it dropped", within: .seconds(60)) {
                $0.routes["to-deaf"].map { $0.received >= 1_000 && $0.sinks[0].dropped["queue_full"] ?? 0 > 500 }
                    ?? false
            }
            #expect(try status.sink("to-deaf").queued_bytes <= 1 << 20)
            status.expectBalance()
            try await site.expectWell(memoryBelow: isSanitized ? .max : Self.memoryBound)
        }
    }

    @Test("a server that never answers our close frame is left after a while")
    func aServerThatNeverAnswersOurCloseFrame() async throws {
        let silent = HostileAct(name: "silent", steps: [.answer(HostileAct.handshake), .awaitEnd], reason: "")
        try await withSite([silent], wellRoutes: "") { site in
            try await site.gateway.status("established") { $0.connections["silent"]?.state == "established" }
            #expect(try await site.gateway.command("disconnect", "silent").status == .exited(0))
            try await eventually("our close frame") { site.servers[0].record.closeCode == 1000 }
            try await site.gateway.status("it is left") { $0.connections["silent"]?.state == "disconnected" }
            try await site.expectWell(memoryBelow: .max)
        }
    }

    @Test("S14: a server that accepts and closes at once gets one line for each attempt, and holds up nobody")
    func aServerThatAcceptsAndClosesAtOnce() async throws {
        for steps in [[HostileServer.Step.end], [.answer(HostileAct.handshake), .end]] {
            let act = HostileAct(
                name: "hasty",
                steps: steps,
                reason: "",
                keys: "auto_reconnect: true\nreconnect: { initial_delay: 20ms, max_delay: 100ms }"
            )
            try await withSite([act], wellRoutes: "") { site in
                try await eventually("ten attempts") { site.servers[0].record.clientCount >= 10 }
                _ = try await site.gateway.log.line("a line") {
                    $0.contains("connection=hasty") && $0.contains("warning")
                }
                let lines = site.gateway.log.lines.filter { $0.contains("connection=hasty") && $0.contains("warning") }
                #expect(lines.count <= site.servers[0].record.clientCount)
                #expect(lines.allSatisfy { $0.contains("next attempt in 0.") }, "\(lines.last ?? "")")
                try await site.expectWell(memoryBelow: .max)
            }
        }
    }
}

/// One gateway with a connection to each hostile server, and the connection `well` whose messages keep flowing.
private struct HostileSite {
    let gateway: Gateway
    let servers: [HostileServer]
    let well: TestWebSocketServer
    let receiver: UDPReceiver
    /// Sends `tick 0`, `tick 1`, … over `well` until it is cancelled.
    let ticking: Task<Void, any Error>

    /// Waits until the log names the reason of each act's end.
    func waitForLines(of acts: [HostileAct]) async throws {
        var missing = acts
        do {
            try await eventually("each act's line", within: .seconds(30)) {
                missing.removeAll { act in lines(of: act).contains { act.isReason($0) } }
                return missing.isEmpty
            }
        } catch {
            let found = missing.map { "\($0.name): \"\($0.reason)\" isn't in \(lines(of: $0))" }
            throw SetupError(found.joined(separator: "\n"))
        }
    }

    /// What came of an act.
    func expect(_ act: HostileAct, _ server: HostileServer, _ reason: String) async throws {
        #expect(act.isReason(reason), "\(act.name): \(reason)")
        #expect(lines(of: act).count == 1, "\(act.name): \(lines(of: act))")
        #expect(lines(of: act).last?.contains(reason) == true, "\(act.name): \(lines(of: act))")
        if let closeCode = act.closeCode {
            try await eventually("\(act.name): the close frame") { server.record.closeCode != nil }
            #expect(server.record.closeCode == closeCode, "\(act.name)")
        }
        #expect(server.record.clientCount == 1, "\(act.name)")
        #expect(gateway.process.isRunning)
    }

    /// What the log says about it, other than that it was established.
    private func lines(of act: HostileAct) -> [String] {
        gateway.log.lines.filter { line in
            line.contains("connection=\(act.name) ") && !line.hasSuffix("established")
                && !line.contains("TLS verification")
        }
    }

    /// The connection beside them never ended and lost nothing, memory is bounded, and no line is two.
    func expectWell(memoryBelow bound: Int) async throws {
        ticking.cancel()
        _ = await ticking.result
        try await well.send("last")
        try await eventually("the last message") { receiver.texts.last == "last" }
        let ticks = receiver.texts.dropLast().filter { $0.hasPrefix("tick ") }
        #expect(Array(ticks) == (0..<ticks.count).map { "tick \($0)" })
        #expect(well.acceptedCount == 1)
        let status = try await gateway.status()
        #expect(status.connections["well"]?.reconnects == 0)
        let memory = try gateway.process.residentMemory()
        #expect(memory < bound, "\(memory) bytes")
        let text = gateway.log.text
        for character in ["\u{1b}", "\u{202e}", "\u{0}", "\r"] { #expect(!text.contains(character)) }
        #expect(!gateway.log.lines.contains { $0.hasPrefix("FORGED") })
        try await gateway.stop()
    }
}

/// Runs the gateway against the acts while `tick` messages flow over `well` to a UDP port.
private func withSite(
    _ acts: [HostileAct],
    wellRoutes: String,
    _ body: (HostileSite) async throws -> Void
) async throws {
    try await withHostileServers(acts.map(\.steps)) { servers in
        try await withWebSocketServer { well in
            try await withUDPReceiver { receiver in
                try await withTemporaryDirectory { directory in
                    var yaml = "instance: test\nconnections:\n  well: { url: \"\(well.url)\" }\n"
                    for (act, server) in zip(acts, servers) {
                        yaml += connection(act, server).indented(2) + "\n"
                    }
                    yaml += """
                        routes:
                          ticks: { from: well, match: { any: [ { prefix: tick }, { equals: last } ] },
                                   to: { udp: "127.0.0.1:\(receiver.port)" } }
                          \(wellRoutes)
                        """
                    try await withGateway(yaml, in: directory) { gateway in
                        try await well.waitForEstablished()
                        let ticking = Task {
                            var count = 0
                            while !Task.isCancelled {
                                try await well.send("tick \(count)")
                                count += 1
                                try await Task.sleep(for: .milliseconds(5))
                            }
                        }
                        defer { ticking.cancel() }
                        try await body(
                            HostileSite(
                                gateway: gateway,
                                servers: servers,
                                well: well,
                                receiver: receiver,
                                ticking: ticking
                            )
                        )
                    }
                }
            }
        }
    }
}

private func connection(_ act: HostileAct, _ server: HostileServer) -> String {
    let scheme = act.isSecure ? "wss" : "ws"
    var keys = ["url: \"\(scheme)://127.0.0.1:\(server.port)\"", "max_message_size: 64KiB"]
    // Once is enough, unless an act is about the second time.
    if !act.keys.contains("auto_reconnect") { keys.append("auto_reconnect: false") }
    // Only who is silent runs out of time, however busy the machine is with all the others.
    if !act.keys.contains("connect_timeout") { keys.append("connect_timeout: 1m") }
    keys += act.keys.split(separator: "\n").map(String.init)
    return "\(act.name):\n" + keys.map { "  " + $0 }.joined(separator: "\n")
}
