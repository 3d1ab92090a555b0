package import NIOCore

/// A store that keeps messages on disk too: it says what to write, read and remove, and is told what became of it.
///
/// It never waits: requests go out, events come in.
package protocol SpoolingStore: AnyObject, QueueStore {
    /// What the disk is to do since the last call, in order.
    func takeRequests() -> [SpoolRequest]

    /// The disk has everything up to this write.
    func committed(_ ticket: Int64)

    /// So many messages that a sink had are gone from the disk: a kill would not bring them back.
    func removed(_ settled: Int)

    /// Messages come back. Returns how many are lost to damage.
    func received(_ page: SpoolPage, now: NIODeadline) -> Int

    /// A read that brought nothing: it may be asked again.
    func readFailed()

    /// The file is gone, with all that it held and memory doesn't. Returns how many those are.
    func lostFile() -> Int

    /// Writes don't succeed, or do again.
    func diskFails(_ isFailing: Bool)

    /// Has everything written that is not yet: the gateway stops.
    func park()

    /// What was found at the start and not offered by a former run.
    var restored: Int { get }

    /// The last write that was asked for, and up to which all are done.
    var lastTicket: Int64 { get }
    var securedTicket: Int64 { get }

    /// Whether a message counts as accepted only when it is written.
    var isAlways: Bool { get }

    /// Whether the last write failed.
    var isFailing: Bool { get }

    /// Whether so much waits to be written that no more may be added.
    var isClogged: Bool { get }

    /// Whether little waits to be written.
    var isCaughtUp: Bool { get }

    /// Whether what has left, but lies on disk, begins to hold up what waits.
    var isHeldUp: Bool { get }

    /// What the disk holds, or will, as counted in `max_disk`.
    var diskBytes: Int { get }

    /// How many messages wait to be written.
    var writingCount: Int { get }
}

/// What a store asks of the disk.
package enum SpoolRequest: Sendable {
    case append(ticket: Int64, first: Int64, MessageBatch, Range<Int>, bytes: Int, replaced: Int)
    /// `settled`: how many of them a sink had.
    case remove(first: Int64, last: Int64, bytes: Int, settled: Int)
    case read(after: Int64, through: Int64, messages: Int, bytes: Int)
}
