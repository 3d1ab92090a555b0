import BridgeCore

/// The messages of one sink in the order of taking, each with what became of it, until a prefix is settled.
///
/// Acknowledgements may come out of order; the queue hears of them in order, as runs.
struct AcknowledgementRing: Equatable, Sendable {
    /// So many messages, from the oldest unsettled one on, ended like this.
    struct Run: Equatable, Sendable {
        var count: Int
        var outcome: Outcome
    }

    /// 0 = pending, 1 = delivered, else a reason's index + 2.
    private var codes: ContiguousArray<UInt8> = ContiguousArray(repeating: 0, count: 64)
    private var head = 0
    private(set) var count = 0
    /// The sequence number of the oldest message.
    private var first: UInt32 = 0

    init() {}

    /// Adds a message that is handed to the library; returns its sequence number.
    @inline(__always)
    mutating func append() -> UInt32 {
        if count == codes.count { grow() }
        codes[(head + count) & (codes.count - 1)] = 0
        count += 1
        return first &+ UInt32(truncatingIfNeeded: count - 1)
    }

    /// Notes what became of a message.
    ///
    /// A sequence number that is settled already is ignored.
    @inline(__always)
    mutating func resolve(_ sequence: UInt32, as outcome: Outcome) {
        let offset = Int(sequence &- first)
        guard offset < count else { return }
        codes[(head + offset) & (codes.count - 1)] = Self.code(outcome)
    }

    /// Notes what became of the oldest message.
    mutating func resolveOldest(as outcome: Outcome) {
        if count > 0 { codes[head] = Self.code(outcome) }
    }

    /// Takes the settled prefix off, as runs of equal outcome.
    mutating func settle(_ body: (Run) -> Void) {
        while count > 0, codes[head] != 0 {
            let code = codes[head]
            var length = 0
            let mask = codes.count - 1
            while length < count, codes[(head + length) & mask] == code { length += 1 }
            head = (head + length) & mask
            count -= length
            first &+= UInt32(truncatingIfNeeded: length)
            body(Run(count: length, outcome: Self.outcome(code)))
        }
    }

    /// Forgets what is pending: the connection is gone.
    mutating func removeAll() {
        first &+= UInt32(truncatingIfNeeded: count)
        head = 0
        count = 0
    }

    private mutating func grow() {
        var larger = ContiguousArray<UInt8>()
        larger.reserveCapacity(codes.count * 2)
        for offset in 0..<count { larger.append(codes[(head + offset) & (codes.count - 1)]) }
        larger.append(contentsOf: repeatElement(0, count: codes.count * 2 - count))
        codes = larger
        head = 0
    }

    private static let reasons = DropReason.allCases

    private static func code(_ outcome: Outcome) -> UInt8 {
        switch outcome {
        case .delivered: 1
        case .dropped(let reason): UInt8((reasons.firstIndex(of: reason) ?? 0) + 2)
        }
    }

    private static func outcome(_ code: UInt8) -> Outcome {
        code == 1 ? .delivered : .dropped(reasons[Int(code) - 2])
    }
}
