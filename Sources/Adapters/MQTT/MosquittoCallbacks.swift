import BridgeCore
import CMosquitto
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What libmosquitto's callbacks leave for the thread to act on once `loopRead` or `loopWrite` has returned.
final class CallbackInbox {
    struct Connack {
        var code: ReasonCode
        var isSessionPresent: Bool
        var receiveMaximum: UInt16?
        var keepAlive: UInt16?
        var maximumQoS: UInt8?
        /// There where the server keeps the session for another time than was asked for.
        var sessionExpiry: UInt32?
        /// 0 = it keeps no retained messages.
        var retainAvailable: UInt8?
        var hasSubscriptionIdentifiers: Bool
    }

    struct Acknowledgement {
        var identifier: Int32
        var code: UInt8
    }

    struct Suback {
        var identifier: Int32
        var code: UInt8
    }

    let subscriptions: SubscriptionTable
    private let isV5: Bool
    /// The gateway's own id.
    private let instance: String

    var connack: Connack?
    var disconnectCode: Int32?
    var subacks: [Suback] = []
    var acknowledgements: ContiguousArray<Acknowledgement> = []
    var inbound: InboundBatch
    /// Messages that no filter wanted: left in the session by an older configuration.
    var unwanted = 0
    /// Whether a message came back that had gone through this gateway.
    var hasReturn = false
    /// Counts callbacks: whether a read brought anything.
    var calls = 0
    /// True while messages are taken; else the server keeps them.
    var takesMessages = true
    /// True once a message was read and not taken, whose acknowledgement must not leave.
    var hasUnacknowledged = false

    /// Reused from message to message.
    private var identifiers: [UInt32] = []
    private var matches: [Int] = []

    init(_ settings: BrokerSettings) {
        subscriptions = settings.subscriptions
        isV5 = settings.configuration.protocolVersion == .v5
        instance = settings.configuration.instance
        inbound = InboundBatch(sources: settings.sourceCount)
    }

    fileprivate func connected(_ code: Int32, _ flags: Int32, _ properties: ReceivedProperties?) {
        calls += 1
        let byte = UInt8(truncatingIfNeeded: code)
        connack = Connack(
            code: isV5 ? ReasonCode(byte >= 0x80 || byte == 0 ? byte : 0x84) : ReasonCode(connackOf311: byte),
            isSessionPresent: flags & 1 == 1,
            receiveMaximum: properties?.int16(MQTT_PROP_RECEIVE_MAXIMUM),
            keepAlive: properties?.int16(MQTT_PROP_SERVER_KEEP_ALIVE),
            maximumQoS: properties?.byte(MQTT_PROP_MAXIMUM_QOS),
            sessionExpiry: properties?.int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL),
            retainAvailable: properties?.byte(MQTT_PROP_RETAIN_AVAILABLE),
            hasSubscriptionIdentifiers: isV5 && properties?.byte(MQTT_PROP_SUBSCRIPTION_ID_AVAILABLE) != 0
        )
    }

    fileprivate func received(_ message: mosquitto_message, _ properties: ReceivedProperties?) {
        calls += 1
        guard takesMessages else {
            if message.qos > 0 { hasUnacknowledged = true }
            return
        }
        inbound.countMessage(qos: message.qos)
        guard let text = message.topic else { return }
        let topic = UnsafeRawBufferPointer(start: text, count: strlen(text))
        let payload = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
        guard TopicName.isValid(topic) else { return rejectFirst(.topicInvalid) }
        let kind: MessageKind = properties?.byte(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR) == 1 ? .text : .undeclared
        identifiers.removeAll(keepingCapacity: true)
        matches.removeAll(keepingCapacity: true)
        if isV5 { properties?.appendVarints(MQTT_PROP_SUBSCRIPTION_IDENTIFIER, to: &identifiers) }
        subscriptions.match(topic: topic, identifiers: identifiers, into: &matches)
        if matches.isEmpty { unwanted += 1 }
        let trail = properties?.trail() ?? Trail()
        if payload.count > BrokerSettings.largestInboundPayload {
            for source in wantedBy { inbound.reject(from: source, because: .tooLarge) }
        } else if trail.isTooLong {
            for source in wantedBy { inbound.reject(from: source, because: .looped) }
        } else {
            store(topic, payload, kind, trail, isRetained: message.retain, properties?.response(qos: message.qos))
        }
        // `loop_read` leaves after this packet when it sees this: the batch stays within its bounds.
        if inbound.isFull { errno = EAGAIN }
    }

    /// The sources that the last message is for.
    private var wantedBy: some Sequence<Int> { matches.lazy.flatMap { self.subscriptions.subscriptions[$0].sources } }

    private func store(
        _ topic: UnsafeRawBufferPointer,
        _ payload: UnsafeRawBufferPointer,
        _ kind: MessageKind,
        _ trail: Trail,
        isRetained: Bool,
        _ response: ResponseAddress?
    ) {
        let isReturn = trail.gateways.contains(instance)
        var entry: MessageBatch.Entry?
        for index in matches {
            if subscriptions.subscriptions[index].isCommands {
                let command = BrokerCommand(
                    topic: String(decoding: topic, as: UTF8.self),
                    payload: ByteBuffer(bytes: payload),
                    isRetained: isRetained,
                    response: response
                )
                inbound.append(command)
            }
            for source in subscriptions.subscriptions[index].sources {
                if isReturn, !subscriptions.echoing.contains(source) {
                    hasReturn = true
                    inbound.reject(from: source, because: .looped)
                    continue
                }
                // A retained message answers to nobody who is still waiting.
                let stored = entry ?? store(topic, payload, kind, trail, isRetained ? nil : response)
                entry = stored
                inbound.append(stored, to: source)
            }
        }
    }

    private func store(
        _ topic: UnsafeRawBufferPointer,
        _ payload: UnsafeRawBufferPointer,
        _ kind: MessageKind,
        _ trail: Trail,
        _ response: ResponseAddress?
    ) -> MessageBatch.Entry {
        let others = trail.gateways.isEmpty ? [] : trail.gateways.filter { $0 != instance }
        let properties =
            others.isEmpty && response == nil ? [] : CarriedProperties.encode(gateways: others, response: response)
        var entry = inbound.store(topic: topic, properties: properties, payload: payload, kind: kind)
        entry.flags.hops = trail.hops + 1
        if response != nil { entry.flags.insert(.isRequest) }
        return entry
    }

    private func rejectFirst(_ reason: RejectReason) {
        if !inbound.entries.isEmpty { inbound.reject(from: 0, because: reason) }
    }
}

// MARK: The C functions
// They run inside `loop_read` and `loop_write` on the broker's thread: copy values out, nothing else.

private func inbox(_ object: UnsafeMutableRawPointer?) -> CallbackInbox? {
    object.map { Unmanaged<CallbackInbox>.fromOpaque($0).takeUnretainedValue() }
}

func mosquittoConnected(
    _: OpaquePointer?,
    _ object: UnsafeMutableRawPointer?,
    _ code: Int32,
    _ flags: Int32,
    _ properties: OpaquePointer?
) {
    inbox(object)?.connected(code, flags, ReceivedProperties(properties))
}

func mosquittoDisconnected(
    _: OpaquePointer?,
    _ object: UnsafeMutableRawPointer?,
    _ code: Int32,
    _ properties: OpaquePointer?
) {
    guard let inbox = inbox(object) else { return }
    inbox.calls += 1
    // It can come twice; the first one knows why.
    if inbox.disconnectCode == nil { inbox.disconnectCode = code }
}

func mosquittoPublished(
    _: OpaquePointer?,
    _ object: UnsafeMutableRawPointer?,
    _ identifier: Int32,
    _ code: Int32,
    _ properties: OpaquePointer?
) {
    guard let inbox = inbox(object) else { return }
    inbox.calls += 1
    inbox.acknowledgements.append(
        CallbackInbox.Acknowledgement(identifier: identifier, code: UInt8(truncatingIfNeeded: code))
    )
}

func mosquittoSubscribed(
    _: OpaquePointer?,
    _ object: UnsafeMutableRawPointer?,
    _ identifier: Int32,
    _ count: Int32,
    _ codes: UnsafePointer<Int32>?,
    _ properties: OpaquePointer?
) {
    guard let inbox = inbox(object) else { return }
    inbox.calls += 1
    let code = count > 0 ? UInt8(truncatingIfNeeded: codes?.pointee ?? 0x80) : 0x80
    inbox.subacks.append(CallbackInbox.Suback(identifier: identifier, code: code))
}

func mosquittoReceived(
    _: OpaquePointer?,
    _ object: UnsafeMutableRawPointer?,
    _ message: UnsafePointer<mosquitto_message>?,
    _ properties: OpaquePointer?
) {
    guard let inbox = inbox(object), let message else { return }
    inbox.received(message.pointee, ReceivedProperties(properties))
}
