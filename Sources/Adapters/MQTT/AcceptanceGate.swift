/// When acknowledgements may leave, and when there is room to read on.
///
/// The library queues a PUBACK before our callback sees the message, and its one write sends everything that is
/// queued: so nothing is written while a run of reads with messages at QoS 1 is not accepted.
struct AcceptanceGate: Equatable, Sendable {
    /// So many runs may be on their way to the event loop.
    static let mostRuns: UInt64 = 8
    /// Unless a single run is larger.
    static let mostBytes = 1 << 20

    private var delivered: UInt64 = 0
    private var accepted: UInt64 = 0
    /// The sizes of the runs on their way, by number modulo their most.
    private var sizes = [Int](repeating: 0, count: Int(mostRuns))
    private var bytes = 0
    /// The last run whose acceptance holds up the writes.
    private var barrier: UInt64 = 0

    var mayWrite: Bool { accepted >= barrier }

    var mayRead: Bool { mayWrite && delivered - accepted < Self.mostRuns && bytes < Self.mostBytes }

    /// Whether the run's acceptance is still waited for.
    func isPending(_ run: UInt64) -> Bool { accepted < run }

    /// A run goes to the event loop; returns its number.
    mutating func deliver(isAcknowledged: Bool, bytes count: Int) -> UInt64 {
        delivered += 1
        sizes[Int(delivered % Self.mostRuns)] = count
        bytes += count
        if isAcknowledged { barrier = delivered }
        return delivered
    }

    /// The event loop has taken or queued everything up to this run.
    mutating func accept(_ run: UInt64) {
        while accepted < min(run, delivered) {
            accepted += 1
            bytes -= sizes[Int(accepted % Self.mostRuns)]
        }
    }

    /// The connection is gone, and with it what was withheld: the server delivers it again.
    ///
    /// Its runs no longer count: a store that refuses them doesn't keep the next connection from reading.
    mutating func connectionLost() {
        accepted = delivered
        bytes = 0
        barrier = accepted
    }
}
