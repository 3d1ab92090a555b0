package import Logging
import NIOConcurrencyHelpers

/// Keeps what is logged, for tests.
package final class LogRecorder: Sendable {
    private let recorded = NIOLockedValueBox<[String]>([])

    package init() {}

    /// `level message`, in order.
    package var lines: [String] { recorded.withLockedValue { $0 } }

    package func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }

    package func logger(level: Logger.Level = .trace) -> Logger {
        var logger = Logger(label: "test") { _ in Handler(recorder: self) }
        logger.logLevel = level
        return logger
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            recorder.recorded.withLockedValue { $0.append("\(event.level) \(event.message)") }
        }
    }
}

extension Logger {
    /// For what a test doesn't look at.
    package static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
