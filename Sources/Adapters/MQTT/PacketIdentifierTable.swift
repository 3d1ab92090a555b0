/// Which message a packet identifier stands for, from the publish to its acknowledgement.
///
/// The library counts identifiers 1...65,535 up with every publish and subscribe and never asks whether one is in use,
/// so what is in flight lies in a ring in the order of publishing: an identifier's place is its distance from the oldest.
struct PacketIdentifierTable: Sendable {
    struct Entry: Equatable, Sendable {
        /// A sink's index, or one of the constants below.
        var owner: UInt16
        /// At 1 and 2 its acknowledgement frees a place in the send window.
        var qos: UInt8
        var sequence: UInt32
    }

    static let status: UInt16 = .max
    private static let free: UInt16 = .max - 1
    private static let highest = 65_535

    private var entries: ContiguousArray<Entry> = ContiguousArray(repeating: Self.empty, count: 64)
    private var head = 0
    /// From the oldest unacknowledged identifier to the newest.
    private(set) var span = 0
    private var firstIdentifier = 1

    /// The oldest identifier that waits for its acknowledgement; `nil` = none does.
    var oldest: Int? { span == 0 ? nil : firstIdentifier }

    /// The owner of the oldest message that waits for its acknowledgement.
    var oldestOwner: UInt16? { span == 0 ? nil : entries[head].owner }

    private static let empty = Entry(owner: free, qos: 0, sequence: 0)

    init() {}

    /// Notes a publish.
    ///
    /// False: its identifier is still in use by an older one.
    @inline(__always)
    mutating func insert(_ identifier: Int32, _ entry: Entry) -> Bool {
        if span == 0 { firstIdentifier = Int(identifier) }
        let offset = distance(to: Int(identifier))
        guard offset >= span else { return false }
        while entries.count <= offset { grow() }
        let mask = entries.count - 1
        while span < offset {
            entries[(head + span) & mask] = Self.empty
            span += 1
        }
        entries[(head + span) & mask] = entry
        span += 1
        return true
    }

    /// Takes out what an acknowledgement answers; `nil` if it answers nothing.
    @inline(__always)
    mutating func remove(_ identifier: Int32) -> Entry? {
        let offset = distance(to: Int(identifier))
        guard offset < span else { return nil }
        let mask = entries.count - 1
        let entry = entries[(head + offset) & mask]
        guard entry.owner != Self.free else { return nil }
        entries[(head + offset) & mask].owner = Self.free
        while span > 0, entries[head].owner == Self.free {
            head = (head + 1) & mask
            span -= 1
            firstIdentifier = firstIdentifier == Self.highest ? 1 : firstIdentifier + 1
        }
        return entry
    }

    mutating func removeAll() {
        head = 0
        span = 0
    }

    private func distance(to identifier: Int) -> Int {
        let difference = identifier - firstIdentifier
        return difference >= 0 ? difference : difference + Self.highest
    }

    private mutating func grow() {
        var larger = ContiguousArray<Entry>()
        larger.reserveCapacity(entries.count * 2)
        for offset in 0..<span { larger.append(entries[(head + offset) & (entries.count - 1)]) }
        larger.append(contentsOf: repeatElement(Self.empty, count: entries.count * 2 - span))
        entries = larger
        head = 0
    }
}
