import NIOCore

/// Bounds how long the oldest unacknowledged message waits: packet identifiers come round after 65,535 publishes.
///
/// Progress is that the oldest one is acknowledged, or that bytes of publishes still leave: a large message takes its
/// time over a slow link.
struct StallGuard: Equatable, Sendable {
    static let limit = TimeAmount.seconds(60)
    /// Publishing waits when identifiers in use span so many.
    static let widestSpan = 32_768

    private var since: NIODeadline

    init(now: NIODeadline) {
        since = now
    }

    mutating func progressed(now: NIODeadline) {
        since = now
    }

    var deadline: NIODeadline { since + Self.limit }
}

/// Notices a loop that wakes up again and again and gets nowhere, as libmosquitto does over some dead sockets.
struct SpinGuard: Equatable, Sendable {
    /// A second with so many idle wake-ups is spinning.
    static let limit = 1_000

    private var count = 0
    private var begin: NIODeadline

    init(now: NIODeadline) {
        begin = now
    }

    /// The socket announced something and a read brought nothing.
    ///
    /// True: give up.
    mutating func wokeInVain(now: NIODeadline) -> Bool {
        if now - begin >= .seconds(1) {
            begin = now
            count = 0
        }
        count += 1
        return count >= Self.limit
    }
}
