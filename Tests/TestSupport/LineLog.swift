import NIOConcurrencyHelpers

/// The lines that a process wrote so far, collected on a background thread.
package final class LineLog: Sendable {
    private struct State {
        var lines: [String] = []
        var partial: [UInt8] = []
        var isAtEnd = false
    }

    private let state = NIOLockedValueBox(State())
    private let name: String

    init(name: String) { self.name = name }

    /// All whole lines until now.
    package var lines: [String] { state.withLockedValue { $0.lines } }

    /// All of it until now, with a last line that has no newline yet.
    package var text: String {
        state.withLockedValue { ($0.lines + [String(decoding: $0.partial, as: UTF8.self)]).joined(separator: "\n") }
    }

    /// The writer closed its end.
    package var isAtEnd: Bool { state.withLockedValue { $0.isAtEnd } }

    /// The first line, from `start` on, for which `matches` holds; throws with the log's tail when none comes in time.
    package func line(
        _ what: String = "a line",
        after start: Int = 0,
        within limit: Duration = .seconds(20),
        where matches: (String) -> Bool
    ) async throws -> String {
        do {
            return try await eventualValue(of: what, within: limit) {
                let (lines, isAtEnd) = state.withLockedValue { ($0.lines, $0.isAtEnd) }
                if let found = lines.dropFirst(start).first(where: matches) { return found }
                if isAtEnd { throw DeadlinePassed("\(what), but \(name) ended", within: limit) }
                return nil
            }
        } catch let error as DeadlinePassed {
            throw DeadlinePassed(what + " in \(name)", within: limit, context: "\(error)\n\(tail())")
        }
    }

    /// The first line, from `start` on, that holds `text`.
    package func line(
        containing text: String,
        after start: Int = 0,
        within limit: Duration = .seconds(20)
    ) async throws -> String {
        try await line("a line with \"\(text)\"", after: start, within: limit) { $0.contains(text) }
    }

    /// The last lines, for a failure message.
    package func tail(_ count: Int = 40) -> String {
        "--- last lines of \(name):\n" + lines.suffix(count).joined(separator: "\n")
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        state.withLockedValue { state in
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    state.lines.append(String(decoding: state.partial, as: UTF8.self))
                    state.partial.removeAll(keepingCapacity: true)
                } else {
                    state.partial.append(byte)
                }
            }
        }
    }

    func end() { state.withLockedValue { $0.isAtEnd = true } }
}
