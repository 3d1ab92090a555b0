import BridgeCore
import Logging
import NIOCore

/// A configuration file, checked, and the gateway that is to run it.
struct GatewayRun {
    let service: GatewayService
    let log: Logger

    /// - Throws: `ExitStatus.configuration`, after every error was written to standard error.
    init(configurationFile: String) throws {
        let (configuration, outcome) = try CheckedConfiguration.load(configurationFile)
        let secrets = SecretBook()
        let output = LogOutput(format: configuration.log.format, hiding: secrets, write: StandardStreams.error)
        let level = Logger.Level(configuration.log.level)
        log = Logger(label: "wsbridge") { _ in BridgeLogHandler(output: output, level: level) }
        service = GatewayService(
            configuration: configuration,
            adapters: .standard,
            spool: try Self.openSpool(for: configuration, outcome, log),
            secrets: secrets,
            eventLoop: GatewayLoop.eventLoop,
            log: log
        )
    }

    /// Before anything starts: whoever can't keep what it promises doesn't begin.
    private static func openSpool(
        for configuration: GatewayConfiguration,
        _ outcome: ConfigurationOutcome,
        _ log: Logger
    ) throws -> NIOLoopBound<Spool?> {
        let eventLoop = GatewayLoop.eventLoop
        do {
            return try eventLoop.submit {
                NIOLoopBound(try Spool.open(for: configuration, eventLoop: eventLoop, log: log), eventLoop: eventLoop)
            }.wait()
        } catch let error as SpoolError {
            let place = outcome.paths.first { $0.role == .stateDirectory }?.position
            let message = "state_dir: \(error)"
            StandardStreams.error(
                "\(Diagnostic(severity: .error, file: outcome.file, position: place, message: message))"
            )
            throw ExitStatus.configuration
        }
    }
}

extension Logger.Level {
    fileprivate init(_ level: LogConfiguration.Level) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
