import NIOCore

/// Recognises a server that can't bear pings: it ends connection after connection right after our first ping, and never
/// sends a pong.
struct PingIntolerance {
    /// So soon after a ping an end looks like its consequence.
    static let suspicionTime = TimeAmount.seconds(2)
    /// So many connections in a row are no coincidence any more.
    static let threshold = 3

    private var suspicions = 0
    private var hasAdvised = false

    enum EndAction: Equatable, Sendable {
        /// Say in the log that pings can be switched off.
        case advise
        case doNothing
    }

    /// A connection is over.
    ///
    /// One that ended before its first ping says nothing.
    ///
    /// - Parameters:
    ///   - lastPing: when the last ping was sent.
    ///   - sawPong: whether the server answered any.
    ///   - byServer: whether the end was the server's doing.
    ///   - now: when it ended.
    /// - Returns: whether to say something.
    mutating func connectionEnded(
        lastPing: NIODeadline?,
        sawPong: Bool,
        byServer: Bool,
        now: NIODeadline
    ) -> EndAction {
        guard let lastPing else { return .doNothing }
        guard byServer, !sawPong, now - lastPing <= Self.suspicionTime else {
            suspicions = 0
            return .doNothing
        }
        suspicions += 1
        guard suspicions >= Self.threshold, !hasAdvised else { return .doNothing }
        hasAdvised = true
        return .advise
    }
}
