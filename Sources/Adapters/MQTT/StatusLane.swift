import BridgeCore
import CMosquitto
import NIOCore

/// The status messages on the broker's thread: they go before data, in order among themselves.
struct StatusLane {
    private var waiting = CircularBuffer<StatusMessage>()
    /// Published, not acknowledged; oldest first.
    private var inFlight = CircularBuffer<(sequence: UInt32, message: StatusMessage)>()
    private var sequence: UInt32 = 0
    /// Topics that the broker ended the connection over.
    private var muted: Set<String> = []
    /// True while the gateway's own topics are not published at all.
    private var isOff = false
    /// True once the broker answered one on this connection.
    private(set) var wasAnswered = false

    var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty }

    var next: StatusMessage? { waiting.first }

    var inFlightCount: Int { inFlight.count }

    /// Takes a message, or is done with it at once: its topic is one that the broker won't have.
    mutating func append(_ message: StatusMessage) -> StatusDone {
        guard isPublished(message) else { return Self.refused(message) }
        waiting.append(message)
        return StatusDone()
    }

    private static func refused(_ message: StatusMessage) -> StatusDone {
        var done = StatusDone(message, isLost: true)
        if message.answer == nil { done.refused = 1 }
        return done
    }

    private func isPublished(_ message: StatusMessage) -> Bool {
        message.answer != nil || (!isOff && !muted.contains(message.topic))
    }

    /// Publishes the gateway's own topics on this connection, or only answers.
    mutating func connected(publishesTopics: Bool) -> StatusDone {
        isOff = !publishesTopics
        return dropUnpublished()
    }

    private mutating func dropUnpublished() -> StatusDone {
        var done = StatusDone()
        for message in waiting where !isPublished(message) { done += Self.refused(message) }
        if done.count > 0 { waiting = waiting.filter(isPublished) }
        return done
    }

    /// The library took the message at this place among those that wait; returns its sequence number.
    mutating func published(at offset: Int) -> UInt32 {
        sequence &+= 1
        inFlight.append((sequence, waiting.remove(at: waiting.index(waiting.startIndex, offsetBy: offset))))
        return sequence
    }

    /// The message at this place among those that wait.
    func waiting(at offset: Int) -> StatusMessage? {
        offset < waiting.count ? waiting[waiting.index(waiting.startIndex, offsetBy: offset)] : nil
    }

    // MARK: What the broker ended the connection over

    /// A retained message is known by its topic: the core publishes the topic's latest value at each connect.
    private static func identity(_ message: StatusMessage) -> MessageIdentity {
        var hasher = Hasher()
        hasher.combine(message.topic)
        if !message.retain { hasher.combine(message.payload) }
        return MessageIdentity(owner: PacketIdentifierTable.status, position: 0, digest: hasher.finalize())
    }

    var oldestInFlight: MessageIdentity? { inFlight.first.map { Self.identity($0.message) } }

    /// The message's place among those that wait.
    func place(of identity: MessageIdentity) -> Int? {
        waiting.enumerated().first { Self.identity($0.element) == identity }?.offset
    }

    /// The place of the first other one that will be answered.
    func place(ofOtherThan identity: MessageIdentity?) -> Int? {
        waiting.enumerated().first { $0.element.qos > 0 && Self.identity($0.element) != identity }?.offset
    }

    /// Gives up the oldest in flight; unless it is an answer, nothing more is published on its topic.
    mutating func giveUpOldest() -> (message: StatusMessage, done: StatusDone)? {
        guard let message = inFlight.popFirst()?.message else { return nil }
        var done = Self.refused(message)
        if message.answer == nil {
            muted.insert(message.topic)
            done += dropUnpublished()
        }
        return (message, done)
    }

    /// The one at this place can't be published.
    mutating func drop(at offset: Int) -> StatusDone {
        Self.refused(waiting.remove(at: waiting.index(waiting.startIndex, offsetBy: offset)))
    }

    /// The broker has it, or refused it.
    mutating func acknowledged(_ sequence: UInt32, isRefused: Bool) -> StatusDone {
        guard let index = inFlight.firstIndex(where: { $0.sequence == sequence }) else { return StatusDone() }
        let message = inFlight.remove(at: index).message
        // At QoS 0 it was only written.
        if message.qos > 0 { wasAnswered = true }
        return isRefused ? Self.refused(message) : StatusDone(message, isLost: false)
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
        wasAnswered = false
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
    /// The number of others that the broker refused.
    var refused = 0

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
        total.refused += more.refused
    }
}

extension StatusMessage {
    /// What it counts for among the answers under way.
    var answerBytes: Int { answer == nil ? 0 : payload.readableBytes }
}
