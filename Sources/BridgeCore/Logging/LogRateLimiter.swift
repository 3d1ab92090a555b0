/// Keeps a log readable and a disk whole: few lines of the same text in a while, and not too many in all.
///
/// Time is monotonic, in seconds.
package struct LogRateLimiter: Sendable {
    package enum Verdict: Sendable, Equatable {
        /// Write the line, and say that so many of its kind were held back before it.
        case write(heldBack: Int)
        case holdBack
    }

    /// So many equal lines are written in each window.
    static let equalLines = 5
    /// In seconds.
    static let window = 10.0
    /// So many lines of any text are written in a second.
    static let linesPerSecond = 500
    static let rememberedTexts = 512

    private struct Record {
        var since: Double
        var written: Int
        var heldBack: Int
    }

    private var records: [Int: Record] = [:]
    private var second = -1.0
    private var writtenThisSecond = 0
    private var heldBackInAll = 0

    package init() {}

    /// Judges a line by its text's hash.
    package mutating func judge(_ text: Int, now: Double) -> Verdict {
        if now.rounded(.down) != second {
            second = now.rounded(.down)
            writtenThisSecond = 0
        }
        guard writtenThisSecond < Self.linesPerSecond else {
            heldBackInAll += 1
            return .holdBack
        }
        if records.count >= Self.rememberedTexts {
            records = records.filter { now - $0.value.since < Self.window }
            if records.count >= Self.rememberedTexts { records.removeAll() }
        }
        var record = records[text] ?? Record(since: now, written: 0, heldBack: 0)
        if now - record.since >= Self.window {
            record.since = now
            record.written = 0
        }
        guard record.written < Self.equalLines else {
            record.heldBack += 1
            records[text] = record
            return .holdBack
        }
        let heldBack = record.heldBack + heldBackInAll
        record.written += 1
        record.heldBack = 0
        heldBackInAll = 0
        records[text] = record
        writtenThisSecond += 1
        return .write(heldBack: heldBack)
    }
}
