import FoundationEssentials
package import Logging
import TLS

/// One line of the log, as text or JSON; nothing in it can break the line or steer a terminal.
package struct LogLine: Sendable {
    package var at: Timestamp
    package var level: Logger.Level
    package var message: String
    package var metadata: Logger.Metadata

    /// The longest value that is shown, in characters.
    static let longestValue = 2048

    package init(at: Timestamp, level: Logger.Level, message: String, metadata: Logger.Metadata) {
        self.at = at
        self.level = level
        self.message = message
        self.metadata = metadata
    }

    /// The line without its end.
    package func formatted(as format: LogConfiguration.Format) -> String {
        switch format {
        case .text: text
        case .json: json
        }
    }

    private var fields: [(key: String, value: String)] {
        metadata.map { ($0.key, readable("\($0.value)", limit: Self.longestValue)) }.sorted { $0.0 < $1.0 }
    }

    private var text: String {
        var line = "\(at) \(level.rawValue.padded(to: 8))"
        for (key, value) in fields {
            line += "\(key)=\(Self.quotedIfNeeded(value)) "
        }
        return line + readable(message, limit: Self.longestValue)
    }

    /// A name that came over the network must not read like further fields.
    private static func quotedIfNeeded(_ value: String) -> String {
        guard value.isEmpty || value.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else { return value }
        return "\"" + value.replacing("\"", with: "\\\"") + "\""
    }

    private var json: String {
        var object = [
            "at": at.description, "level": level.rawValue, "message": readable(message, limit: Self.longestValue),
        ]
        for (key, value) in fields where object[key] == nil { object[key] = value }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(object) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(1, width - count))
    }
}
