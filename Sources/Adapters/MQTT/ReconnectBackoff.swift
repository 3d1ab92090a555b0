import BridgeCore

/// How long to wait before the next attempt: full jitter below a ceiling that doubles from 1 s to 15 s; 30 s to 60 s in
/// the slow lane; below 1 s at the steps of an experiment, which leave the ceiling where it is.
///
/// A connection that stood for 30 s starts it afresh.
struct ReconnectBackoff: Equatable, Sendable {
    static let firstCeiling = Duration.seconds(1)
    static let lastCeiling = Duration.seconds(15)
    static let slowLane = Duration.seconds(30)...Duration.seconds(60)
    static let stableAfter = Duration.seconds(30)
    /// A server that accepts and closes at once is not hammered, however the dice fall.
    static let floor = Duration.milliseconds(100)

    private var ceiling = firstCeiling

    init() {}

    mutating func delay(
        after lane: ConnectionFailure.Lane,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        switch lane {
        case .atOnce:
            return Self.random(in: Self.floor...Self.firstCeiling, using: &generator)
        case .soon:
            let highest = ceiling
            ceiling = min(ceiling * 2, Self.lastCeiling)
            return Self.random(in: Self.floor...highest, using: &generator)
        case .slow:
            return Self.random(in: Self.slowLane, using: &generator)
        }
    }

    /// A connection ended that had stood for so long.
    mutating func connectionStood(for duration: Duration) {
        if duration >= Self.stableAfter { ceiling = Self.firstCeiling }
    }

    private static func random(
        in range: ClosedRange<Duration>,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        .milliseconds(
            Int.random(in: range.lowerBound.milliseconds...range.upperBound.milliseconds, using: &generator)
        )
    }
}
