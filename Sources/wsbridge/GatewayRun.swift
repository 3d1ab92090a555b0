import BridgeCore
import Logging

/// A configuration file, checked, and the gateway that is to run it.
struct GatewayRun {
    let service: GatewayService
    let log: Logger

    /// - Throws: `ExitStatus.configuration`, after every error was written to standard error.
    init(configurationFile: String) throws {
        let configuration = try CheckedConfiguration.load(configurationFile)
        let output = LogOutput(format: configuration.log.format, write: StandardStreams.error)
        let level = Logger.Level(configuration.log.level)
        log = Logger(label: "wsbridge") { _ in BridgeLogHandler(output: output, level: level) }
        service = GatewayService(
            configuration: configuration,
            adapters: .standard,
            eventLoop: GatewayLoop.eventLoop,
            log: log
        )
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
