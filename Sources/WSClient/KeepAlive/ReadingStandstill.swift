import NIOCore

/// The time for which reading stood still, or hardly went on: a server that leaves then may have done so because
/// of that, for it saw none of its pings answered, or could not get rid of what it had to send.
struct ReadingStandstill {
    /// So long after a pause what waited meanwhile is read, the server's farewell among it.
    static let settleTime = TimeAmount.seconds(5)
    /// Shorter ones, once they are over, drove nobody away.
    static let shortest = TimeAmount.seconds(1)

    private var pausedAt: NIODeadline?
    private var resumedAt: NIODeadline?
    /// The beginning of the first of the pauses that lay close to each other, and the time of those that are over.
    private var began = NIODeadline.distantPast
    private var total = TimeAmount.zero

    mutating func paused(now: NIODeadline) {
        guard pausedAt == nil else { return }
        if resumedAt.map({ now - $0 > Self.settleTime }) ?? true {
            began = now
            total = .zero
        }
        pausedAt = now
    }

    mutating func resumed(now: NIODeadline) {
        guard let start = pausedAt else { return }
        pausedAt = nil
        resumedAt = now
        total = total + (now - start)
    }

    /// The time without reading at this moment; `nil` if reading goes on as it should, were it with many a short pause.
    func length(at now: NIODeadline) -> TimeAmount? {
        if let pausedAt { return isMostly(total, until: pausedAt) ? total + (now - pausedAt) : now - pausedAt }
        guard let resumedAt, now - resumedAt <= Self.settleTime, total >= Self.shortest else { return nil }
        return isMostly(total, until: resumedAt) ? total : nil
    }

    private func isMostly(_ pauses: TimeAmount, until end: NIODeadline) -> Bool {
        pauses.nanoseconds >= (end - began).nanoseconds / 2
    }
}
