import Foundation
import TestSupport
import Testing

/// What the gateway costs a small machine.
@Suite(.serialized)
struct FootprintTests {
    /// Sanitizers multiply memory and have a thread of their own; what they run under says so.
    private let isSanitized = ProcessInfo.processInfo.environment["SANITIZED"] != nil

    @Test("idle with one connection: small, woken at most twice a second")
    func idle() async throws {
        try await withEstablishedSite(routes: { _ in
            "out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }"
        }) { site in
            let start = ContinuousClock.now
            let before = try site.gateway.process.wakeUps()
            // Stats come every ten seconds: the second ones end a whole period.
            try await eventually("two stats", within: .seconds(40)) {
                site.count(on: "\(Site.base)/stats") >= 2
            }
            let seconds = Double((ContinuousClock.now - start).components.seconds + 1)
            let wakeUps = try site.gateway.process.wakeUps() - before
            // Ten for the threads that take part in publishing the stats.
            if !isSanitized { #expect(Double(wakeUps) <= seconds * 2 + 10, "\(wakeUps) in \(seconds) s") }
            let memory = try site.gateway.process.residentMemory()
            // A debug build maps half as much again of its program file as a release build, for which 40 MB is the aim.
            if !isSanitized { #expect(memory < 50_000_000, "\(memory) bytes") }
        }
    }

    @Test("100,000 messages leave the memory where it was")
    func memoryStays() async throws {
        try await withUDPReceiver { receiver in
            try await withEstablishedSite(routes: { parts in
                """
                mqtt: { from: cloud, to: { mqtt: local, topic: out, qos: 0 } }
                fifo: { from: cloud, to: { fifo: "\(parts.path("nobody.fifo"))", no_reader: discard } }
                """
            }) { site in
                let payload = String(repeating: "x", count: 256)
                let batch = [TestWebSocketServer.Sending](repeating: .text(payload), count: 1_000)
                var sent = 0
                /// No more than so many wait in the queue at a time: what it may hold is memory, too.
                func carry(_ count: Int) async throws {
                    for _ in 0..<count / 1_000 {
                        try await site.server.send(batch)
                        sent += 1_000
                        try await eventually("\(sent) publishes", within: .seconds(90)) {
                            site.count(on: "out") >= sent - 5_000
                        }
                    }
                    try await eventually("\(sent) publishes", within: .seconds(90)) { site.count(on: "out") >= sent }
                }
                try await carry(10_000)
                let before = try site.gateway.process.residentMemory()
                try await carry(100_000)
                let after = try site.gateway.process.residentMemory()
                if !isSanitized { #expect(after - before < 8_000_000, "\(before) bytes before, \(after) after") }
            }
        }
    }
}

extension ChildProcess {
    /// Bytes of resident memory.
    func residentMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        let kilobytes = try #require(line.split(separator: " ").compactMap { Int($0) }.first)
        return kilobytes * 1_024
    }

    /// How often its threads went to sleep, and so were woken, since the process's start.
    func wakeUps() throws -> Int {
        let tasks = "/proc/\(processID)/task"
        return try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(0) { sum, task in
            let status = (try? String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8)) ?? ""
            let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
            return sum + (line?.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) } ?? 0)
        }
    }
}
