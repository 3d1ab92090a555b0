import NIOConcurrencyHelpers
package import WSClient

/// The secrets of all connections and brokers, as they become known: no line of the log shows them (requirement S7).
///
/// Topics, response topics and other words from outside may hold the secret of any of them. One for a process, used on
/// any thread.
package final class SecretBook: Sendable {
    private let redactors = NIOLockedValueBox<[String: Redactor]>([:])

    package init() {}

    /// Hides these from now on instead of the owner's former ones.
    package func set(_ redactor: Redactor, of owner: String) {
        redactors.withLockedValue { $0[owner] = redactor.isEmpty ? nil : redactor }
    }

    /// The text with each secret replaced.
    package func redact(_ text: String) -> String {
        redactors.withLockedValue { $0 }.values.reduce(text) { $1.redact($0) }
    }
}
