import NIOCore

/// The times in Engine.IO's open packet, `0{"sid":"x","pingInterval":25000,"pingTimeout":20000,…}`.
struct EngineIOOpenPacket: Equatable {
    /// The time between the server's pings, or with Engine.IO 3 between ours.
    var pingInterval: TimeAmount
    /// The time beyond that for which a ping may stay away.
    var pingTimeout: TimeAmount

    private static let paths = (
        interval: try? JSONPath("$.pingInterval"), timeout: try? JSONPath("$.pingTimeout")
    )
    /// In milliseconds, as of the keys that set the same times; what is outside goes to the nearer end.
    private static let range = 10.0...86_400_000.0

    /// `nil` where one of the two is missing, or is no positive number.
    init?(_ payload: UnsafeRawBufferPointer) {
        guard let interval = Self.time(at: Self.paths.interval, in: payload),
            let timeout = Self.time(at: Self.paths.timeout, in: payload)
        else { return nil }
        (pingInterval, pingTimeout) = (interval, timeout)
    }

    private static func time(at path: JSONPath?, in payload: UnsafeRawBufferPointer) -> TimeAmount? {
        guard let path, let text = CapturedValue.find(path, in: payload), let milliseconds = Double(text),
            milliseconds > 0
        else { return nil }
        return .milliseconds(Int64(min(max(milliseconds, range.lowerBound), range.upperBound)))
    }
}
