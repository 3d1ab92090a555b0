import BridgeCore
import NIOCore

/// What the event loop asks of a broker's thread.
enum BrokerOrder: Sendable {
    case publish(PublishOrder)
    case status(StatusMessage)
    /// Everything up to this run is taken or queued: its PUBACKs may leave.
    case accepted(run: UInt64)
    /// The spool doesn't take this run: the connection ends without its PUBACKs, so that the server keeps them.
    case refused(run: UInt64)
    case setReading(Bool)
    /// The last source stopped: no message is taken any more, and the thread reports `sourcesClosed`.
    case closeSources
    case stop(farewell: [StatusMessage], deadline: NIODeadline)
}

/// Messages of one sink, in order, that the event loop handed over.
struct PublishOrder: Sendable {
    var sink: Int
    /// The connection that it was meant for: what a lost one left over is offered again by the queue.
    var epoch: UInt32
    var batch: MessageBatch
    /// How many of the batch's messages, from the front.
    var count: Int
    var topics: RenderedTopics
}

/// The topics of an order's messages, each ended by NUL; none where the sink's topic is literal.
struct RenderedTopics: Sendable {
    private static let firstReason = UInt32.max - UInt32(DropReason.allCases.count)

    var bytes: [UInt8] = []
    /// By message: where its topic begins, or why it has none.
    var offsets: ContiguousArray<UInt32> = []

    var isLiteral: Bool { offsets.isEmpty }

    mutating func append(failure reason: DropReason) {
        offsets.append(Self.firstReason + UInt32(DropReason.allCases.firstIndex(of: reason) ?? 0))
    }

    /// Why a message has no topic.
    static func failure(at offset: UInt32) -> DropReason? {
        offset < firstReason ? nil : DropReason.allCases[Int(offset - firstReason)]
    }
}
