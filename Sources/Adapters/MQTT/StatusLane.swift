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

    /// The next one can't be published.
    mutating func dropNext() -> StatusDone {
        waiting.popFirst().map { StatusDone($0, isLost: true) } ?? StatusDone()
    }

    /// The broker has it, or refused it.
    mutating func acknowledged(_ sequence: UInt32, isRefused: Bool) -> StatusDone {
        guard let index = inFlight.firstIndex(where: { $0.sequence == sequence }) else { return StatusDone() }
        return StatusDone(inFlight.remove(at: index).message, isLost: isRefused)
    }

    /// The connection is gone.
    ///
    /// Events, and answers at QoS 1, wait for the next one; of retained topics the core publishes the latest again.
    /// Answers at QoS 0 that the library had not written are lost.
    mutating func connectionLost() -> StatusDone {
        var done = StatusDone()
        var kept = CircularBuffer<StatusMessage>()
        for message in inFlight.map(\.message) + waiting {
            if !message.retain, message.qos > 0 {
                kept.append(message)
            } else {
                done += StatusDone(message, isLost: true)
            }
        }
        inFlight.removeAll()
        waiting = kept
        return done
    }
}

/// Status messages that the broker's thread is done with.
struct StatusDone: Sendable, Equatable {
    var count = 0
    /// How many bytes of answers they held.
    var answerBytes = 0
    /// How many answers of them did not get there.
    var lostAnswers = 0

    init() {}

    init(_ message: StatusMessage, isLost: Bool) {
        count = 1
        answerBytes = message.answerBytes
        lostAnswers = isLost && message.answer != nil ? 1 : 0
    }

    static func += (total: inout StatusDone, more: StatusDone) {
        total.count += more.count
        total.answerBytes += more.answerBytes
        total.lostAnswers += more.lostAnswers
    }
}

extension StatusMessage {
    /// What it counts for among the answers under way.
    var answerBytes: Int { answer == nil ? 0 : payload.readableBytes }
}
