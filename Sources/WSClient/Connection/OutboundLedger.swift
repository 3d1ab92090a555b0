/// How many bytes of frames wait for the network, and whether there is room for more.
struct OutboundLedger: Equatable {
    /// In bytes.
    let limit: Int
    private(set) var waiting = 0
    private var hasRefused = false

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    var isBelowLimit: Bool { waiting < limit }

    /// Whether a frame of this size goes on top of what is accepted but not recorded yet.
    ///
    /// A larger one than the limit goes alone.
    func admits(_ size: Int, onTopOf accepted: Int) -> Bool {
        let before = waiting + accepted
        return before == 0 || before + size <= limit
    }

    /// Remembers that the owner has to be told when there is room.
    mutating func refused() { hasRefused = true }

    mutating func added(_ size: Int) { waiting += size }

    enum WrittenAction: Equatable, Sendable {
        case becameWritable
        case doNothing
    }

    /// The network took so many bytes.
    ///
    /// The owner is told at half the limit, not at every byte.
    mutating func written(_ size: Int) -> WrittenAction {
        waiting -= size
        guard hasRefused, waiting <= limit / 2 else { return .doNothing }
        hasRefused = false
        return .becameWritable
    }
}
