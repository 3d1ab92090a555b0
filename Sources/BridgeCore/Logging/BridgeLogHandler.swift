package import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Where log lines go, and how: shared by all loggers of a process.
package final class LogOutput: Sendable {
    private let format: LogConfiguration.Format
    private let secrets: SecretBook
    private let write: @Sendable (String) -> Void
    private let limiter = NIOLockedValueBox(LogRateLimiter())

    /// `write` takes one line without its end; it may be called on any thread.
    package init(
        format: LogConfiguration.Format,
        hiding secrets: SecretBook,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.format = format
        self.secrets = secrets
        self.write = write
    }

    func log(_ line: LogLine) {
        var hasher = Hasher()
        hasher.combine(line.message)
        for (key, value) in line.metadata.sorted(by: { $0.key < $1.key }) {
            hasher.combine(key)
            hasher.combine("\(value)")
        }
        let text = hasher.finalize()
        let now = Double(NIODeadline.now().uptimeNanoseconds) / 1e9
        let verdict = limiter.withLockedValue { $0.judge(text, now: now) }
        guard case .write(let heldBack) = verdict else { return }
        var line = line
        line.message = secrets.redact(line.message)
        if heldBack > 0 { line.message += " (\(heldBack) lines held back)" }
        write(line.formatted(as: format))
    }
}

/// The gateway's log handler: one line a happening, rate-limited, escaped.
package struct BridgeLogHandler: LogHandler {
    private let output: LogOutput
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]

    package init(output: LogOutput, level: Logger.Level) {
        self.output = output
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
        output.log(LogLine(at: .now(), level: event.level, message: event.message.description, metadata: all))
    }
}
