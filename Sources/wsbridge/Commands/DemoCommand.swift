import ArgumentParser
import BridgeCore
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// `wsbridge demo`.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a feed, a broker, a UDP listener and a FIFO reader with a gateway between them.",
        discussion: """
            Everything is on this machine, on free ports and in a temporary folder, and ends by itself. mosquitto and
            its clients must be installed. Exit code 1 if one of the six paths carried no message.
            """
    )

    @Option(help: "How long, in seconds; 0 = until Ctrl-C. Default: the environment's DEMO_SECONDS, else 12.")
    var seconds: Int?

    private var duration: Duration? {
        let chosen = seconds ?? ProcessInfo.processInfo.environment["DEMO_SECONDS"].flatMap(Int.init) ?? 12
        return chosen == 0 ? nil : .seconds(chosen)
    }

    func run() async throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let report = DemoReport()
        let eventLoop = GatewayLoop.eventLoop
        let feed = try await DemoFeed.start(on: eventLoop, report: report)
        let listener = try await DemoUDPListener.start(on: eventLoop, report: report)
        let broker: DemoBroker
        do {
            broker = try await DemoBroker.start(port: try await freePort(on: eventLoop), in: folder, report: report)
        } catch {
            StandardStreams.error("\(error)")
            throw ExitStatus.unavailable
        }
        defer { broker.stop() }
        let stage = DemoConfiguration(
            folder: folder,
            feedPort: feed.port,
            brokerPort: broker.port,
            udpPort: listener.port,
            udpBackPort: try await freePort(on: eventLoop)
        )
        try await play(stage, broker, listener, report)
        await feed.stop()
        await listener.stop()
        try conclude(report)
    }

    private func play(
        _ stage: DemoConfiguration,
        _ broker: DemoBroker,
        _ listener: DemoUDPListener,
        _ report: DemoReport
    ) async throws {
        let file = stage.folder + "/wsbridge.yaml"
        try stage.yaml.write(toFile: file, atomically: true, encoding: .utf8)
        report.say("A feed, a broker, a UDP listener and two named pipes, and between them wsbridge with this file:\n")
        report.say(stage.yaml.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
        report.say("\nWhat arrives where:\n")
        let gateway = try GatewayRun(configurationFile: file)
        let script = DemoScript(
            stage: stage,
            broker: broker,
            listener: listener,
            report: report,
            duration: duration
        )
        var group = ServiceGroupConfiguration(
            services: [
                .init(service: gateway.service),
                .init(service: script, successTerminationBehavior: .gracefullyShutdownGroup),
            ],
            logger: gateway.log
        )
        group.gracefulShutdownSignals = [.sigterm, .sigint]
        try await ServiceGroup(configuration: group).run()
    }

    private func conclude(_ report: DemoReport) throws {
        let counts = report.counts
        report.say("\nMessages that came out at the far end:\n")
        for path in DemoPath.allCases { report.say("  \(path.rawValue): \(counts[path] ?? 0)") }
        let silent = DemoPath.allCases.filter { counts[$0] == nil }
        guard silent.isEmpty else {
            StandardStreams.error("nothing came through \(silent.map(\.rawValue).joined(separator: ", "))")
            throw ExitCode.failure
        }
        report.say("\nAll six paths carried messages. The next step: config/ and the README.")
    }

    private func makeFolder() throws -> String {
        var template = Array((FileManager.default.temporaryDirectory.path + "/wsbridge-demo-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        return template.withUnsafeBufferPointer {
            String(decoding: UnsafeRawBufferPointer($0).dropLast(), as: UTF8.self)
        }
    }

    /// A port that was free a moment ago, for programs that can't say which they took.
    private func freePort(on eventLoop: any EventLoop) async throws -> Int {
        let probe = try await ServerBootstrap(group: eventLoop).bind(host: "127.0.0.1", port: 0).get()
        let port = probe.localAddress?.port ?? 0
        try await probe.close()
        return port
    }
}
