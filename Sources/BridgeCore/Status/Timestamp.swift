import FoundationEssentials

/// A moment of the wall clock, as every status payload writes it: RFC 3339, UTC, milliseconds.
package struct Timestamp: Sendable, Hashable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    package var seconds: Double

    package init(seconds: Double) {
        self.seconds = seconds
    }

    package static func now() -> Timestamp { Timestamp(seconds: Date().timeIntervalSince1970) }

    package func advanced(by duration: Duration) -> Timestamp {
        let parts = duration.components
        return Timestamp(seconds: seconds + Double(parts.seconds) + Double(parts.attoseconds) / 1e18)
    }

    package var description: String {
        Date(timeIntervalSince1970: seconds).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
