import BridgeCore
import CMosquitto
import NIOCore

/// The status messages on the broker's thread: they go before data, in order among themselves.
struct StatusLane {
    private var waiting = CircularBuffer<StatusMessage>()
    /// Published, not acknowledged; oldest first.
    private var inFlight = CircularBuffer<(sequence: UInt32, message: StatusMessage)>()
    private var sequence: UInt32 = 0

    var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty }

    var next: StatusMessage? { waiting.first }

    mutating func append(_ message: StatusMessage) {
        waiting.append(message)
    }

    /// The library took the next one; returns its sequence number.
    mutating func publishedNext() -> UInt32 {
        sequence &+= 1
        if let message = waiting.popFirst() { inFlight.append((sequence, message)) }
        return sequence
    }

    mutating func dropNext() {
        _ = waiting.popFirst()
    }

    mutating func acknowledged(_ sequence: UInt32) {
        if let index = inFlight.firstIndex(where: { $0.sequence == sequence }) { inFlight.remove(at: index) }
    }

    /// The connection is gone.
    ///
    /// Events wait for the next one; of retained topics the core publishes the latest again. Returns how many are done
    /// with.
    mutating func connectionLost() -> Int {
        let all = inFlight.map(\.message) + waiting
        let kept = all.filter { !$0.retain && $0.qos > 0 }
        inFlight.removeAll()
        waiting = CircularBuffer(kept)
        return all.count - kept.count
    }
}
