/// The counters of one route's sink.
///
/// At every moment: `matched + restored = delivered + queued + expired + dropped`.
package struct Balance: Sendable, Hashable, CustomStringConvertible {
    package var matched = 0
    /// What a restart found in the spool.
    package var restored = 0
    package var delivered = 0
    package var queued = 0
    package var queuedBytes = 0
    package var expired = 0
    /// Only reasons that occurred.
    package var dropped: [DropReason: Int] = [:]

    package init() {}

    package var droppedTotal: Int { dropped.values.reduce(0, +) }

    /// Whether nothing is missing and nothing was invented.
    package var isBalanced: Bool { matched + restored == delivered + queued + expired + droppedTotal }

    package var description: String {
        let text = "matched \(matched)" + (restored > 0 ? ", restored \(restored)" : "")
        return text + ", delivered \(delivered), queued \(queued), expired \(expired), dropped \(droppedTotal)"
    }

    package mutating func drop(_ count: Int, because reason: DropReason) {
        guard count > 0 else { return }
        dropped[reason, default: 0] += count
    }
}
