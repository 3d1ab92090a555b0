/// A value that must not appear in any output, or the file that holds it.
///
/// Its description never shows the value.
package enum Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    case literal(String)
    /// Read again at each connect. One newline at its end is not part of the value.
    case file(String)

    package var description: String {
        switch self {
        case .literal: "(secret)"
        case .file(let path): "(secret in \(path))"
        }
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
