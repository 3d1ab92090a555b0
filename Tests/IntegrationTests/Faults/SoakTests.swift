import Foundation
import NIOCore
import TestSupport
import Testing

/// Random faults of every kind against one gateway and its spool: for some seconds, with `make soak` for an hour and a check
/// each minute.
@Suite(.serialized) struct SoakTests {
    static let seconds = ProcessInfo.processInfo.environment["SOAK_SECONDS"].flatMap { Int($0) } ?? 10

    private enum Fault: CaseIterable {
        case kill, stop, brokerRestart, brokerFrozen, linkCut, linkSlow, diskFails, diskFull, diskSlow,
            processStopped, serverDrops
    }

    /// What the lives of the gateway have in common.
    private struct Course {
        var sent = 0
        var safe: Set<Int> = []
        var lives = 0
        var faults: [Fault: Int] = [:]
        var most = 0
        let end: ContinuousClock.Instant
        var nextCheck = ContinuousClock.now + .seconds(60)
        var random = SystemRandomNumberGenerator()
    }

    @Test(.enabled(if: !Faults.isSanitized)) func randomFaultsLoseNothing() async throws {
        try await withMosquittoBroker(persistence: true) { broker in
            // Persistent: the broker's own restarts lose nothing of what it acknowledged.
            try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 100_000) {
                try await $0.subscribe("out")
            }
            try await withLink(to: broker.port) { link in
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        let disk = try await FaultyDisk(in: directory)
                        let yaml =
                            ("state_dir: \(parts.path("state"))\n"
                            + parts.standard(broker: "client_id: gateway\nclean_session: false\nkeep_alive: 5s") + """
                                routes:
                                  out:
                                    from: cloud
                                    to: { mqtt: local, topic: out, qos: 1 }
                                    queue: { store: always, max_bytes: 1MiB }

                                """).replacing(broker.url, with: "mqtt://127.0.0.1:\(link.port)")
                        var course = Course(end: .now + .seconds(Self.seconds))
                        while ContinuousClock.now < course.end {
                            try await life(&course, yaml, disk, broker, link, server, directory)
                        }
                        try await finish(&course, yaml, broker, directory)
                    }
                }
            }
        }
    }

    /// From one start of the gateway to its end, by order or by force.
    private func life(
        _ course: inout Course,
        _ yaml: String,
        _ disk: FaultyDisk,
        _ broker: MosquittoBroker,
        _ link: TestLink,
        _ server: TestWebSocketServer,
        _ directory: URL
    ) async throws {
        var state = course
        state.lives += 1
        let clients = server.acceptedCount
        try await withGateway(yaml, in: directory, environment: disk.environment) { gateway in
            _ = try await server.waitForClient(after: clients)
            var matched = 0
            while true {
                // Some that become safe, then some more under the fault.
                let first = state.sent..<state.sent + Int.random(in: 1...300, using: &state.random)
                try await send(first, server)
                state.sent = first.upperBound
                matched += first.count
                try await gateway.status("they are written", within: .seconds(60)) { status in
                    (status.routes["out"]?.matched ?? 0) >= matched
                        && status.routes["out"]?.sinks[0].spooled?.unwritten == 0
                }
                state.safe.formUnion(first)
                let fault = Fault.allCases.randomElement(using: &state.random) ?? .kill
                state.faults[fault, default: 0] += 1
                let second = state.sent..<state.sent + 300
                state.sent = second.upperBound
                try await send(second, server)
                matched += second.count
                if try await commit(fault, &state, gateway, disk, broker, link, server) { return }
                if fault == .serverDrops {
                    // What was on its way is lost with the connection: a feed can't be replayed.
                    matched =
                        try await gateway.status("what arrived") { $0.connections["cloud"]?.state == "established" }
                        .routes["out"]?.matched ?? 0
                }
                if ContinuousClock.now >= state.nextCheck {
                    state.nextCheck = .now + .seconds(60)
                    try await check(&state, gateway)
                }
                if ContinuousClock.now >= state.end {
                    try await gateway.stop()
                    return
                }
            }
        }
        course = state
    }

    private func check(_ state: inout Course, _ gateway: Gateway) async throws {
        try await gateway.status("the balance") { _ in true }.expectBalance()
        let memory = try gateway.process.residentMemory()
        state.most = max(state.most, memory)
        #expect(memory < 100_000_000, "\(memory) bytes")
    }

    private func send(_ range: Range<Int>, _ server: TestWebSocketServer) async throws {
        guard let client = server.clients.last else { return }
        try? await client.send(range.map { .text(Oracle.text($0)) })
    }

    /// Returns whether the gateway is gone.
    private func commit(
        _ fault: Fault,
        _ state: inout Course,
        _ gateway: Gateway,
        _ disk: FaultyDisk,
        _ broker: MosquittoBroker,
        _ link: TestLink,
        _ server: TestWebSocketServer
    ) async throws -> Bool {
        func pause(_ longest: Int) async throws {
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...longest, using: &state.random)))
        }
        switch fault {
        case .kill:
            try await pause(60)
            gateway.process.send(SIGKILL)
            _ = try await gateway.process.waitForExit()
            return true
        case .stop:
            try await gateway.stop()
            return true
        case .brokerRestart:
            await broker.stop()
            try await pause(1_000)
            try await broker.start()
        case .linkCut:
            await link.cut()
        case .brokerFrozen:
            broker.freeze()
            try await pause(2_000)
            broker.thaw()
        case .linkSlow:
            link.mode = .slow(.milliseconds(20))
            try await pause(1_000)
            link.mode = .forwarding
            await link.cut()
        case .diskFails, .diskFull, .diskSlow:
            try disk.set(fault == .diskFails ? "EIO" : fault == .diskFull ? "ENOSPC" : "delay 200")
            try await pause(2_000)
            try disk.set("")
        case .processStopped:
            gateway.process.send(SIGSTOP)
            try await pause(2_000)
            gateway.process.send(SIGCONT)
        case .serverDrops:
            let clients = server.acceptedCount
            await server.dropAll()
            _ = try await server.waitForClient(after: clients)
        }
        return false
    }

    private func finish(_ course: inout Course, _ yaml: String, _ broker: MosquittoBroker, _ directory: URL)
        async throws
    {
        var state = course
        try await withGateway(yaml, in: directory) { gateway in
            try await gateway.status("the rest is settled", within: .seconds(300)) {
                $0.routes["out"]?.sinks[0].queued == 0
            }.expectBalance()
            try await check(&state, gateway)
            try await gateway.stop()
        }
        course = state
        try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) { keeper in
            try await eventually("the last that is safe", within: .seconds(120)) {
                keeper.messages.last.map { Int($0.text.prefix { $0 != " " }) ?? 0 >= state.safe.max() ?? 0 } ?? false
            }
            let oracle = Oracle(received: keeper.messages.map(\.text), safe: course.safe, sent: course.sent)
            oracle.expectNothingLost()
            let faults = course.faults.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
            print(
                "soak: \(Self.seconds) s, \(course.lives) lives, faults: \(faults); \(course.sent) messages, "
                    + "\(course.safe.count) written, \(oracle.lost.count) lost, \(oracle.duplicates) twice, "
                    + "\(oracle.invented) invented; RSS \(course.most >> 20) MB at most"
            )
        }
    }
}
