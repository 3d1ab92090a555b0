import Foundation
import TestSupport
import Testing

/// Disks that are full, slow, broken or read-only, under the real gateway.
@Suite(.serialized) struct DiskFaultTests {
    private static let yaml = """
        routes:
          out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 }, queue: { store: always } }
          in:  { from: { mqtt: local, topic: in, qos: 1 }, to: cloud, queue: { store: always } }

        """

    private func withParts(_ body: (MosquittoBroker, Site.Parts) async throws -> Void) async throws {
        try await withMosquittoBroker(persistence: true) { broker in
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    try await body(broker, Site.Parts(broker: broker, server: server, directory: directory))
                }
            }
        }
    }

    /// What the disk refuses waits in memory, is written once it can be, and then survives a kill.
    @Test(.enabled(if: !Faults.isSanitized), arguments: ["EIO", "ENOSPC", "short", "sync"])
    func aDiskThatRefusesCostsNothing(fault: String) async throws {
        try await withParts { broker, parts in
            let disk = try await FaultyDisk(in: parts.directory)
            let yaml = "state_dir: \(parts.path("state"))\n" + parts.standard() + Self.yaml
            try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) {
                try await $0.subscribe("out")
            }
            await broker.stop()
            try await withGateway(yaml, in: parts.directory, environment: disk.environment) { gateway in
                try await parts.server.waitForEstablished()
                try disk.set(fault)
                try await parts.server.send((0..<200).map { .text(Oracle.text($0)) })
                _ = try await gateway.log.line(containing: "the spool can't be written")
                let failing = try await gateway.status("they wait") { $0.routes["out"]?.sinks[0].queued == 200 }
                failing.expectBalance()
                #expect(failing.spool?.failing == true)
                #expect(try failing.sink("out").spooled?.unwritten == 200)
                try disk.set("")
                let works = try await gateway.status("they are written") {
                    $0.routes["out"]?.sinks[0].spooled?.unwritten == 0
                }
                #expect(works.spool?.failing == false && works.spool?.set_aside == 0)
                gateway.process.send(SIGKILL)
                _ = try await gateway.process.waitForExit()
            }
            try await broker.start()
            try await withGateway(yaml, in: parts.directory) { gateway in
                let status = try await gateway.status("all is delivered") {
                    $0.routes["out"]?.sinks[0].delivered == 200
                }
                #expect(try status.sink("out").restored == 200)
                status.expectBalance()
                try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) { keeper in
                    try await eventually("the last one") { keeper.messages.last?.text == Oracle.text(199) }
                    #expect(keeper.messages.map(\.text) == (0..<200).map(Oracle.text))
                }
                try await gateway.stop()
            }
        }
    }

    /// Each sync takes 200 ms: acknowledgements wait, pongs and pings don't.
    @Test(.enabled(if: !Faults.isSanitized)) func aSlowDiskDelaysNoSignOfLife() async throws {
        try await withParts { broker, parts in
            let disk = try await FaultyDisk(in: parts.directory)
            let yaml =
                "state_dir: \(parts.path("state"))\n" + parts.standard(broker: "keep_alive: 5s") + Self.yaml
            try await withGateway(yaml, in: parts.directory, environment: disk.environment) { gateway in
                try await parts.server.waitForEstablished()
                try await eventually("the subscription") { broker.subscriptions(to: "in") > 0 }
                try disk.set("delay 200")
                try await withMQTTClient(of: broker) { publisher in
                    let count = Faults.count(20, long: 100)
                    async let published: Void = publisher.publish(
                        (0..<count * 5).map { ("in", Array(Oracle.text($0).utf8)) }
                    )
                    var delays: [Duration] = []
                    for number in 0..<count {
                        try await parts.server.send((0..<10).map { _ in .text("load \(number)") })
                        let start = ContinuousClock.now
                        try await parts.server.send(.ping(Array("\(number)".utf8)))
                        try await eventually("pong \(number)") { parts.server.pongs.last == Array("\(number)".utf8) }
                        delays.append(.now - start)
                        // As long as a sync, so that pings meet all of its moments.
                        try await Task.sleep(for: .milliseconds(number * 37 % 200))
                    }
                    delays.sort()
                    #expect(delays[delays.count / 2] < .milliseconds(100), "\(delays)")
                    try await published
                    try await parts.server.waitForMessages(count * 5)
                    Faults.report(
                        "sync takes 200 ms: pongs after \(delays[count / 2]) (median), \(delays[count - 1]) (most)"
                    )
                }
                #expect(!broker.log.lines.contains { $0.contains("exceeded timeout") })
                let status = try await gateway.status("all is settled", within: .seconds(60)) {
                    $0.routes["out"]?.sinks[0].queued == 0 && $0.routes["in"]?.sinks[0].queued == 0
                }
                status.expectBalance()
                #expect(status.brokers["local"]?.state == "connected")
                try await gateway.stop()
            }
        }
    }

    /// A real file system of 4 MiB that is full: the source waits, and goes on when there is room.
    @Test(.enabled(if: Faults.isRoot)) func aFullDiskPausesTheSourceAndNothingIsLost() async throws {
        try await withParts { broker, parts in
            try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) {
                try await $0.subscribe("out")
            }
            await broker.stop()
            try await withMount("tmpfs", "size=4m,mode=700", at: parts.path("small")) {
                let yaml =
                    "state_dir: \(parts.path("small"))\n" + parts.standard() + """
                        routes:
                          out:
                            from: cloud
                            to: { mqtt: local, topic: out, qos: 1 }
                            queue: { store: always, max_bytes: 256KiB }

                        """
                try await withGateway(yaml, in: parts.directory) { gateway in
                    try await parts.server.waitForEstablished()
                    let total = 12_000
                    let body = String(repeating: "x", count: 1_000)
                    async let sent: Void = parts.server.send((0..<total).map { .text("\($0) \(body)") })
                    let full = try await gateway.status("the disk is full", within: .seconds(60)) {
                        $0.spool?.failing == true && ($0.routes["out"]?.sinks[0].queued ?? 0) > 2_000
                    }
                    full.expectBalance()
                    #expect(try full.sink("out").dropped == [:])
                    if !Faults.isSanitized { #expect(try gateway.process.residentMemory() < 80_000_000) }
                    try await broker.start()
                    try await sent
                    let status = try await gateway.status("all is delivered", within: .seconds(120)) {
                        $0.routes["out"]?.sinks[0].delivered == total
                    }
                    status.expectBalance()
                    try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) { keeper in
                        try await eventually("the last one", within: .seconds(60)) { keeper.count >= total }
                        #expect(
                            keeper.messages.map { Int($0.text.prefix { $0 != " " }) } == (0..<total).map { $0 }
                        )
                    }
                    try await gateway.stop()
                }
            }
        }
    }

    @Test(.enabled(if: Faults.isRoot)) func aReadOnlyFolderIsSaidAtTheStart() async throws {
        try await withParts { _, parts in
            try await withMount("tmpfs", "size=1m,mode=700,ro", at: parts.path("sealed")) {
                let yaml = "state_dir: \(parts.path("sealed"))\n" + parts.standard() + Self.yaml
                try await withGateway(yaml, in: parts.directory, waitsUntilReady: false) { gateway in
                    let status = try await gateway.process.waitForExit()
                    #expect(status == .exited(78))
                    #expect(
                        gateway.log.lines.contains { $0.contains("its file system is read-only") },
                        "\(gateway.log.tail())"
                    )
                }
            }
        }
    }

    private func withMount(
        _ type: String,
        _ options: String,
        at path: String,
        _ body: () async throws -> Void
    ) async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let mounted = try await run(Executables.installed("mount"), ["-t", type, "-o", options, "none", path])
        // Root without the right to mount, as in a container.
        guard mounted.status == .exited(0) else { return }
        do {
            try await body()
        } catch {
            _ = try await run(Executables.installed("umount"), ["-l", path])
            throw error
        }
        _ = try await run(Executables.installed("umount"), ["-l", path])
    }
}
