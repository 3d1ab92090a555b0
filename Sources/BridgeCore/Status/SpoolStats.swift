/// The spool in the stats.
package struct SpoolStats: Codable, Sendable, Equatable {
    /// What was written since the start.
    package struct Written: Codable, Sendable, Equatable {
        package var transactions: Int
        package var messages: Int
        package var bytes: Int
    }

    /// Whether the disk refuses at present.
    package var failing: Bool
    /// How many files could not be read and were put aside.
    package var setAside: Int
    package var written: Written
    /// Messages of routes and sinks that the configuration doesn't have.
    package var strangers: Int

    enum CodingKeys: String, CodingKey {
        case failing, written, strangers
        case setAside = "set_aside"
    }
}

/// A queue's part of the spool in the stats.
package struct SpooledStats: Codable, Sendable, Hashable {
    /// What it holds on disk, counted like `max_bytes`.
    package var bytes: Int
    /// Messages on their way to the disk.
    package var unwritten: Int
}
