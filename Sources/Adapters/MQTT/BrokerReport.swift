import BridgeCore
import NIOCore

/// What a broker's thread tells the event loop, collected over one wake-up.
struct BrokerReport: Sendable {
    enum Happening: Sendable {
        case changed(BrokerState)
        /// The connect to the next of the host's addresses begins.
        case tryingAddress
        /// Sinks may hand over for this connection.
        case connected(epoch: UInt32)
        /// What this connection had in flight will not be settled.
        case lost(epoch: UInt32)
        case settled(sink: Int, AcknowledgementRing.Run)
        case statusDone(StatusDone)
        /// To be answered by `accepted`.
        case received(InboundBatch, run: UInt64, at: NIODeadline)
        /// No `received` follows.
        case sourcesClosed
        /// The thread has nothing more to say.
        case ended
    }

    private(set) var happenings: ContiguousArray<Happening> = []
    /// How many messages it settles.
    private(set) var settledCount = 0
    /// Whether it holds anything but settlements, which can wait for others.
    private(set) var isUrgent = false

    var isEmpty: Bool { happenings.isEmpty }

    mutating func append(_ happening: Happening) {
        happenings.append(happening)
        isUrgent = true
    }

    /// Consecutive settlements of one sink and outcome become one.
    mutating func settled(sink: Int, _ run: AcknowledgementRing.Run) {
        settledCount += run.count
        if case .settled(sink, let last) = happenings.last, last.outcome == run.outcome {
            happenings[happenings.count - 1] = .settled(
                sink: sink,
                AcknowledgementRing.Run(count: last.count + run.count, outcome: run.outcome)
            )
        } else {
            happenings.append(.settled(sink: sink, run))
        }
    }
}
