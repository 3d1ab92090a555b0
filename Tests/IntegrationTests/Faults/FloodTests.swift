import Foundation
import TestSupport
import Testing

/// Far more than a queue may hold, while its broker is away.
@Suite(.serialized) struct FloodTests {
    private static let size = 16 << 10

    private static func text(_ id: Int) -> String {
        let head = "{\"id\":\(id),\"key\":\(id % 10),\"x\":\""
        return head + String(repeating: "x", count: size - head.utf8.count - 2) + "\"}"
    }

    private static func id(_ text: String) -> Int? { Int(text.dropFirst(6).prefix { $0.isNumber }) }

    @Test(arguments: ["block", "drop_oldest", "drop_newest", "conflate"])
    func memoryStaysBoundedAndTheRightOnesSurvive(policy: String) async throws {
        let total = Faults.count(48 << 20, long: 1 << 30) / Self.size
        let maxDisk = Faults.count(4, long: 64)
        try await withMosquittoBroker(persistence: true) { broker in
            try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) {
                try await $0.subscribe("out")
            }
            await broker.stop()
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    let parts = Site.Parts(broker: broker, server: server, directory: directory)
                    let key = policy == "conflate" ? ", conflate_by: $.key" : ""
                    let yaml =
                        "state_dir: \(parts.path("state"))\n" + parts.standard() + """
                            routes:
                              out:
                                from: cloud
                                to: { mqtt: local, topic: out, qos: 1 }
                                queue: { when_full: \(policy)\(key), max_bytes: 4MiB, max_disk: \(maxDisk)MiB }

                            """
                    try await withGateway(yaml, in: directory) { gateway in
                        try await server.waitForEstablished()
                        let before = try gateway.process.residentMemory()
                        var most = before
                        let flood = Task {
                            for start in stride(from: 0, to: total, by: 64) {
                                try await server.send((start..<min(total, start + 64)).map { .text(Self.text($0)) })
                            }
                        }
                        try await gateway.status("the flood is over", within: .seconds(300)) { status in
                            most = max(most, (try? gateway.process.residentMemory()) ?? 0)
                            return policy == "block"
                                ? status.connections["cloud"]?.throttled?.isEmpty == false
                                : status.routes["out"]?.received == total
                        }.expectBalance()
                        if !Faults.isSanitized {
                            // 4 MiB in memory, as much on its way, and what the allocator keeps.
                            #expect(most - before < 24 << 20, "\(before) bytes before, \(most) at most")
                        }
                        try await broker.start()
                        try await flood.value
                        let status = try await gateway.status("what is left is delivered", within: .seconds(300)) {
                            $0.routes["out"]?.received == total && $0.routes["out"]?.sinks[0].queued == 0
                        }
                        status.expectBalance()
                        let delivered = try status.sink("out").delivered
                        try await withMQTTClient(of: broker, clientID: "keeper", sessionExpiry: 600) { keeper in
                            try await eventually("all of them", within: .seconds(120)) { keeper.count >= delivered }
                            let ids = keeper.messages.compactMap { Self.id($0.text) }
                            #expect(keeper.messages.allSatisfy { $0.payload.count == Self.size })
                            #expect(ids.count == delivered)
                            switch policy {
                            case "block": #expect(ids == Array(0..<total))
                            case "drop_oldest": #expect(ids == Array(total - delivered..<total) && delivered < total)
                            case "drop_newest": #expect(ids == Array(0..<delivered) && delivered < total)
                            default:
                                // In the places of their keys; the last of each is the last of all.
                                for key in 0..<10 {
                                    let ofKey = ids.filter { $0 % 10 == key }
                                    #expect(ofKey == ofKey.sorted() && ofKey.last ?? 0 >= total - 10)
                                }
                            }
                        }
                        Faults.report(
                            "flood, \(policy): \(total) messages, \(delivered) delivered, RSS \(before >> 20) MB before, "
                                + "\(most >> 20) MB at most"
                        )
                        try await gateway.stop()
                    }
                }
            }
        }
    }

    /// However much lies in the spool, it is never loaded whole, and the first message leaves at once.
    @Test func aLargeSpoolIsNoBurdenAtTheStart() async throws {
        let total = Faults.count(48 << 20, long: 1 << 30) / Self.size
        try await withMosquittoBroker { broker in
            await broker.stop()
            try await withWebSocketServer { server in
                try await withTemporaryDirectory { directory in
                    let parts = Site.Parts(broker: broker, server: server, directory: directory)
                    let yaml =
                        "state_dir: \(parts.path("state"))\n" + parts.standard() + """
                            routes:
                              out:
                                from: cloud
                                to: { mqtt: local, topic: out, qos: 1 }
                                queue: { store: always, max_bytes: 4MiB, max_disk: 4GiB }

                            """
                    try await withGateway(yaml, in: directory) { gateway in
                        try await server.waitForEstablished()
                        for start in stride(from: 0, to: total, by: 64) {
                            try await server.send((start..<min(total, start + 64)).map { .text(Self.text($0)) })
                        }
                        try await gateway.status("all wait on disk", within: .seconds(300)) {
                            let sink = $0.routes["out"]?.sinks[0]
                            return sink?.queued == total && sink?.spooled?.unwritten == 0
                        }
                        gateway.process.send(SIGKILL)
                        _ = try await gateway.process.waitForExit()
                    }
                    try await broker.start()
                    try await withMQTTRecorder(of: broker, "out") { recorder in
                        let start = ContinuousClock.now
                        try await withGateway(yaml, in: directory, waitsUntilReady: false) { gateway in
                            try await eventually("the first one", within: .seconds(60)) { recorder.count > 0 }
                            let first = ContinuousClock.now - start
                            var most = 0
                            let status = try await gateway.status("all is delivered", within: .seconds(300)) {
                                most = max(most, (try? gateway.process.residentMemory()) ?? 0)
                                return $0.routes["out"]?.sinks[0].delivered == total
                            }
                            status.expectBalance()
                            // A debug build starts slower and is larger than a release build.
                            if !Faults.isSanitized {
                                #expect(first < .seconds(3), "\(first)")
                                #expect(most < 90_000_000, "\(most) bytes")
                            }
                            Faults.report(
                                "spool of \((total * Self.size) >> 20) MB: first after \(first), RSS \(most >> 20) MB at most"
                            )
                            try await gateway.stop()
                        }
                    }
                }
            }
        }
    }

    /// In steady state `spill` writes nothing: an SD card lives long.
    @Test func spillWritesNothingWhileTheBrokerTakesAll() async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "out") { recorder in
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        let yaml =
                            "state_dir: \(parts.path("state"))\n" + parts.standard()
                            + "routes: { out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } } }\n"
                        try await withGateway(yaml, in: directory) { gateway in
                            try await server.waitForEstablished()
                            try await server.send("first")
                            try await eventually("the first") { recorder.count == 1 }
                            let before = try gateway.process.writtenBytes()
                            for _ in 0..<10 { try await server.send((0..<1_000).map { .text(Oracle.text($0)) }) }
                            try await eventually("all of them", within: .seconds(60)) { recorder.count == 10_001 }
                            let status = try await gateway.status("all is settled") {
                                $0.routes["out"]?.sinks[0].queued == 0
                            }
                            #expect(status.spool?.written.messages == 0 && status.spool?.written.bytes == 0)
                            #expect(try gateway.process.writtenBytes() == before, "bytes to the device")
                            try await gateway.stop()
                        }
                    }
                }
            }
        }
    }
}

extension ChildProcess {
    /// Bytes that the kernel was given for a device.
    func writtenBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(processID)/io", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("write_bytes:") })
        return try #require(Int(line.dropFirst("write_bytes: ".count)))
    }
}
