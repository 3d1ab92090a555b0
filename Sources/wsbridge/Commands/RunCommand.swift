import ArgumentParser
import BridgeCore
import FoundationEssentials
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `wsbridge run`.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the gateway.",
        discussion: """
            Runs until SIGTERM or SIGINT, then stops the sources, drains the queues at most shutdown_timeout long and
            exits with 0. A second signal ends it at once.
            """
    )

    @OptionGroup var file: ConfigurationFile

    @Flag(
        name: .customLong("insecure-keylog"),
        help: "Write TLS keys to the file in $SSLKEYLOGFILE, for Wireshark. Whoever has them can read everything."
    )
    var writesKeyLog = false

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        Allocator.giveLargeBlocksBack()
        OpenFiles.raiseLimit()
        let gateway = try GatewayRun(configurationFile: try file.path())
        let environment = ProcessInfo.processInfo.environment
        try KeyLog.set(isWanted: writesKeyLog, environment: environment, log: gateway.log)
        var configuration = ServiceGroupConfiguration(services: [gateway.service], logger: gateway.log)
        configuration.gracefulShutdownSignals = [.sigterm, .sigint]
        let group = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await Self.endAtSecondSignal() }
            tasks.addTask { try await group.run() }
            // The signal watch never ends by itself.
            try await tasks.next()
            tasks.cancelAll()
        }
    }

    private static func endAtSecondSignal() async {
        var count = 0
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            count += 1
            guard count == 2 else { continue }
            StandardStreams.error("a second signal came: ended at once, what was queued is lost")
            _exit(128 + signal.rawValue)
        }
    }
}
