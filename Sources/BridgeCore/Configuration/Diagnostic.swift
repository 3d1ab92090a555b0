/// A place in a configuration file.
///
/// Lines and columns count from 1, columns in Unicode scalars.
package struct Position: Sendable, Hashable, Comparable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One thing that is wrong, or doubtful, in a configuration.
///
/// Its text never holds a secret's value.
package struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    package enum Severity: String, Sendable, Hashable {
        /// The configuration can't be used.
        case error
        case warning
    }

    package var severity: Severity
    package var file: String
    /// `nil` where the file as a whole is meant: it isn't there, or can't be read.
    package var position: Position?
    package var message: String

    package init(severity: Severity, file: String, position: Position?, message: String) {
        self.severity = severity
        self.file = file
        self.position = position
        self.message = message
    }

    package var line: Int? { position?.line }
    package var column: Int? { position?.column }

    /// `FILE:LINE:COLUMN: message`, for a warning `FILE:LINE:COLUMN: warning: message`.
    package var description: String {
        var place = file
        if let position {
            place += ":\(position.line):\(position.column)"
        }
        return severity == .warning ? "\(place): warning: \(message)" : "\(place): \(message)"
    }
}

extension Sequence<Diagnostic> {
    /// By position, each once; what concerns the whole file first.
    package func sortedByPosition() -> [Diagnostic] {
        let start = Position(line: 0, column: 0)
        var seen: Set<Diagnostic> = []
        let unique = filter { seen.insert($0).inserted }
        return unique.enumerated()
            .sorted { left, right in
                let (leftPosition, rightPosition) = (left.element.position ?? start, right.element.position ?? start)
                return (leftPosition, left.offset) < (rightPosition, right.offset)
            }
            .map(\.element)
    }
}
