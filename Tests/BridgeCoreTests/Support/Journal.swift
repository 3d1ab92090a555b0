/// What happened, in order.
///
/// Unchecked: a test's event loop is the only one that writes and reads it.
final class Journal: @unchecked Sendable {
    private(set) var lines: [String] = []

    func note(_ line: String) { lines.append(line) }

    /// What was noted since the last call.
    func take() -> [String] {
        defer { lines = [] }
        return lines
    }
}
