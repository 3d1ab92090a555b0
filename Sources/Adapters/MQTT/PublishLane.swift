import BridgeCore
import CMosquitto
import NIOCore

/// One sink's messages on the broker's thread: those handed over, and those published whose end is not settled.
final class PublishLane {
    /// What one turn may publish before the next sink has its turn.
    static let messagesPerTurn = 64
    static let bytesPerTurn = 64 << 10

    let settings: PublishSettings
    let index: Int
    var ring = AcknowledgementRing()
    /// Those with messages that are not settled, oldest first.
    private var orders = CircularBuffer<PublishOrder>()
    /// The number of the first order's messages that are settled.
    private var settledOfFirst = 0
    /// The order that is published next, and how many of its messages are.
    private var current = 0
    private var position = 0
    /// The number of messages settled since the start.
    private(set) var settled: UInt64 = 0
    /// True once the broker answered one.
    var wasAnswered = false
    /// True if this connection's messages are retained.
    var retains: Bool
    private let literalTopic: ContiguousArray<CChar>
    private var properties: MessageProperties
    private(set) var hasToldRefusal = false

    init(_ settings: PublishSettings, index: Int, isV5: Bool) {
        self.settings = settings
        self.index = index
        literalTopic = ContiguousArray((settings.literalTopic ?? "").utf8CString)
        properties = MessageProperties(settings, isV5: isV5)
        retains = settings.retain
    }

    var isEmpty: Bool { waiting == 0 }

    /// How many messages wait to be published.
    private(set) var waiting = 0

    func append(_ order: PublishOrder) {
        guard order.count > 0 else { return }
        orders.append(order)
        waiting += order.count
    }

    /// The connection is gone: the queue offers everything again.
    func removeAll() {
        orders.removeAll()
        settledOfFirst = 0
        waiting = 0
        current = 0
        position = 0
        ring.removeAll()
    }

    /// Takes off what is settled, as runs of equal outcome.
    func settle(_ body: (AcknowledgementRing.Run) -> Void) {
        ring.settle { run in
            settled += UInt64(run.count)
            settledOfFirst += run.count
            while let first = orders.first, settledOfFirst >= first.count {
                settledOfFirst -= first.count
                orders.removeFirst()
                current -= 1
            }
            body(run)
        }
    }

    /// Passes over the next message for this connection: it stays unsettled, and what is behind it goes first.
    func hold() {
        guard let order = currentOrder else { return }
        _ = ring.append()
        advance(to: position + 1, of: order)
    }

    /// Lends the oldest message that is not settled.
    func message<Result>(_ body: (PublishOrder, Int) -> Result) -> Result? {
        orders.first.map { body($0, settledOfFirst) }
    }

    private var currentOrder: PublishOrder? {
        current < orders.count ? orders[orders.index(orders.startIndex, offsetBy: current)] : nil
    }

    private func advance(to next: Int, of order: PublishOrder) {
        waiting -= next - position
        position = next
        if position == order.count {
            current += 1
            position = 0
        }
    }

    /// Whether this is the first message that the broker refused.
    func tellsRefusal() -> Bool {
        defer { hasToldRefusal = true }
        return !hasToldRefusal
    }

    struct Turn {
        /// Handed to the library.
        var published = 0
        var bytes = 0
        /// Why the library took one not; the first of the turn.
        var refusal: MosquittoError?
        /// The connection can't go on.
        var failure: ConnectionFailure?
    }

    /// Publishes the next messages: at most a turn's worth, and `room` of them.
    func takeTurn(_ handle: MosquittoHandle, _ table: inout PacketIdentifierTable, room: Int) -> Turn {
        var turn = Turn()
        while turn.published < min(room, Self.messagesPerTurn), turn.bytes < Self.bytesPerTurn, turn.failure == nil,
            let order = currentOrder
        {
            publish(order, handle, &table, room: room, &turn)
        }
        return turn
    }

    private func publish(
        _ order: PublishOrder,
        _ handle: MosquittoHandle,
        _ table: inout PacketIdentifierTable,
        room: Int,
        _ turn: inout Turn
    ) {
        let limit = min(room, Self.messagesPerTurn)
        let owner = UInt16(index)
        let moment = properties.moment()
        var next = position
        defer { advance(to: next, of: order) }
        order.batch.withUnsafeBytes { bytes in
            order.topics.bytes.withUnsafeBufferPointer { topics in
                while next < order.count, turn.published < limit, turn.bytes < Self.bytesPerTurn {
                    let entry = order.batch.entries[next]
                    next += 1
                    let sequence = ring.append()
                    var offset: UInt32 = 0
                    if !order.topics.isLiteral {
                        offset = order.topics.offsets[next - 1]
                        if let reason = RenderedTopics.failure(at: offset) {
                            ring.resolve(sequence, as: .dropped(reason))
                            continue
                        }
                    }
                    guard Int(entry.payloadLength) <= BrokerSettings.largestOutboundPayload else {
                        ring.resolve(sequence, as: .dropped(.tooLarge))
                        continue
                    }
                    var identifier: Int32 = 0
                    let code = publish(
                        UnsafeRawBufferPointer(rebasing: bytes[entry.payload]),
                        properties.list(of: order.batch, at: next - 1, in: bytes, moment),
                        order.topics.isLiteral ? nil : topics.baseAddress.map { $0 + Int(offset) },
                        handle,
                        &identifier
                    )
                    if code == 0 {
                        turn.published += 1
                        turn.bytes += Int(entry.payloadLength)
                        let isFree = table.insert(
                            identifier,
                            PacketIdentifierTable.Entry(owner: owner, qos: UInt8(settings.qos), sequence: sequence)
                        )
                        if !isFree {
                            turn.failure = ConnectionFailure(
                                "a message stayed unacknowledged over 65,535 publishes",
                                evidence: .silence
                            )
                            return
                        }
                    } else {
                        refused(MosquittoError(code: code), sequence, &turn)
                        if turn.failure != nil { return }
                    }
                }
            }
        }
    }

    @inline(__always)
    private func publish(
        _ payload: UnsafeRawBufferPointer,
        _ properties: PropertyList?,
        _ topic: UnsafePointer<UInt8>?,
        _ handle: MosquittoHandle,
        _ identifier: inout Int32
    ) -> Int32 {
        let properties = properties?.pointer
        if let topic {
            return topic.withMemoryRebound(to: CChar.self, capacity: 1) { topic in
                handle.publish(
                    topic: topic,
                    payload: payload,
                    qos: settings.qos,
                    retain: retains,
                    properties: properties,
                    identifier: &identifier
                )
            }
        }
        return literalTopic.withUnsafeBufferPointer { topic in
            guard let topic = topic.baseAddress else { return MOSQ_ERR_INVAL.rawValue }
            return handle.publish(
                topic: topic,
                payload: payload,
                qos: settings.qos,
                retain: retains,
                properties: properties,
                identifier: &identifier
            )
        }
    }

    private func refused(_ error: MosquittoError?, _ sequence: UInt32, _ turn: inout Turn) {
        guard let error else { return }
        if turn.refusal == nil { turn.refusal = error }
        switch mosq_err_t(error.code) {
        case MOSQ_ERR_INVAL, MOSQ_ERR_MALFORMED_UTF8: ring.resolve(sequence, as: .dropped(.topicInvalid))
        case MOSQ_ERR_PAYLOAD_SIZE, MOSQ_ERR_OVERSIZE_PACKET: ring.resolve(sequence, as: .dropped(.tooLarge))
        case MOSQ_ERR_QOS_NOT_SUPPORTED, MOSQ_ERR_RETAIN_NOT_SUPPORTED: ring.resolve(sequence, as: .dropped(.refused))
        default: turn.failure = ConnectionFailure("a message could not be published: \(error)", evidence: .none)
        }
    }
}
