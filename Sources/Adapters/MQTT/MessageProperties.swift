import BridgeCore
import CMosquitto
import NIOCore

/// The MQTT 5 properties of one sink's messages.
///
/// Lists without times are made once, one for each kind of message, and one for each kind and trail. A list with times is
/// made anew only where they differ from those of the message before.
struct MessageProperties {
    /// The same moment on both clocks.
    struct Moment {
        var monotonic: NIODeadline
        var wall: Timestamp
    }

    /// What a message's age makes of its properties.
    struct Times: Equatable {
        /// In seconds.
        var expiry: UInt32?
        var receivedAt: Timestamp?
    }

    private let settings: PublishSettings
    private let hasTimes: Bool
    /// By whether it is text, whether it is sent again, and how many gateways it has come through.
    private let lists: [PropertyList?]
    private let isV5: Bool
    /// Trails that other gateways left on messages, by number, and the lists for them.
    private var trails = TrailNumbers()
    private var trailLists: [Int: PropertyList?] = [:]
    private var last: (variant: Int, times: Times, list: PropertyList?)?

    init(_ settings: PublishSettings, isV5: Bool) {
        self.settings = settings
        self.isV5 = isV5
        hasTimes = isV5 && (settings.ttl != nil || settings.tellsReceipt)
        lists = (0...Self.variant(.text, Self.mostFlags)).map { variant in
            isV5 ? try? Self.make(settings, variant, [], Times(expiry: settings.expiry)) : nil
        }
    }

    private static var mostFlags: MessageBatch.Flags {
        var flags = MessageBatch.Flags.redelivered
        flags.hops = 15
        return flags
    }

    @inline(__always)
    private static func variant(_ kind: MessageKind, _ flags: MessageBatch.Flags) -> Int {
        (kind == .text ? 1 : 0) | (flags.contains(.redelivered) ? 2 : 0) | flags.hops << 2
    }

    private static func make(
        _ settings: PublishSettings,
        _ variant: Int,
        _ gateways: [String],
        _ times: Times
    ) throws(MosquittoError) -> PropertyList {
        let hops = variant >> 2 & 15
        let list = PropertyList()
        // The library sets DUP only on what it sends again itself.
        if variant & 2 != 0 { try list.add(MQTT_PROP_USER_PROPERTY, name: "wsbridge-redelivered", value: "1") }
        if hops > 0 {
            try list.add(MQTT_PROP_USER_PROPERTY, name: Trail.hopsProperty, value: "\(hops)")
            for gateway in gateways + [settings.instance] where !gateway.isEmpty {
                try list.add(MQTT_PROP_USER_PROPERTY, name: Trail.gatewayProperty, value: gateway)
            }
        }
        if let connection = settings.connection {
            try list.add(MQTT_PROP_USER_PROPERTY, name: "wsbridge-connection", value: connection)
        }
        if let receivedAt = times.receivedAt {
            try list.add(MQTT_PROP_USER_PROPERTY, name: "wsbridge-received-at", value: receivedAt.description)
        }
        if variant & 1 != 0 { try list.add(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, byte: 1) }
        if let contentType = settings.contentType { try list.add(MQTT_PROP_CONTENT_TYPE, text: contentType) }
        if let expiry = times.expiry { try list.add(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, int32: expiry) }
        return list
    }

    /// Those of an answer to a request; fails for want of memory only.
    static func make(_ answer: AnswerProperties) throws(MosquittoError) -> PropertyList {
        let list = PropertyList()
        if !answer.correlation.isEmpty { try list.add(MQTT_PROP_CORRELATION_DATA, binary: answer.correlation) }
        if answer.isText { try list.add(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, byte: 1) }
        try list.add(MQTT_PROP_USER_PROPERTY, name: "wsbridge-answer", value: answer.kind.rawValue)
        return list
    }

    /// The time as `list` wants it; `nil` where no property depends on it.
    func moment() -> Moment? {
        hasTimes ? Moment(monotonic: .now(), wall: .now()) : nil
    }

    /// The properties of the message at this index of a batch with these bytes; `nil` where it has none.
    @inline(__always)
    mutating func list(
        of batch: MessageBatch,
        at index: Int,
        in bytes: UnsafeRawBufferPointer,
        _ moment: Moment?
    ) -> PropertyList? {
        let entry = batch.entries[index]
        var variant = Self.variant(entry.kind, entry.flags)
        if isV5, entry.propertiesLength > 0 { variant |= trailNumber(of: entry, in: bytes) << 6 }
        guard let moment else { return variant < lists.count ? lists[variant] : list(of: variant) }
        return timed(variant, age: max(0, batch.age(at: index, now: moment.monotonic)), moment.wall)
    }

    private mutating func list(of variant: Int) -> PropertyList? {
        if let list = trailLists[variant] { return list }
        let gateways = trails.gateways(of: variant >> 6)
        let list = try? Self.make(settings, variant, gateways, Times(expiry: settings.expiry))
        trailLists[variant] = .some(list)
        return list
    }

    private mutating func timed(_ variant: Int, age: Int64, _ now: Timestamp) -> PropertyList? {
        let times = times(age: age, now)
        if let last, last.variant == variant, last.times == times { return last.list }
        let list = try? Self.make(settings, variant, trails.gateways(of: variant >> 6), times)
        last = (variant, times, list)
        return list
    }

    /// 0 = none.
    private mutating func trailNumber(of entry: MessageBatch.Entry, in bytes: UnsafeRawBufferPointer) -> Int {
        let properties = UnsafeRawBufferPointer(rebasing: bytes[entry.properties])
        guard let trail = CarriedProperties(properties)?.trail, !trail.isEmpty else { return 0 }
        if let number = trails.number(of: trail) { return number }
        if trails.isFull {
            trails = TrailNumbers()
            trailLists = [:]
            last = nil
        }
        return trails.add(trail)
    }

    /// Of a message that is so old, in milliseconds.
    func times(age: Int64, _ now: Timestamp) -> Times {
        Times(
            expiry: settings.ttl.map { Self.expiry(ttl: $0, age: age) } ?? settings.expiry,
            receivedAt: settings.tellsReceipt ? Timestamp(milliseconds: now.milliseconds - age) : nil
        )
    }

    /// What is left of a message's life, in whole seconds.
    ///
    /// It left the queue in time, and has a last second at the broker: 0 would end it before anybody gets it.
    static func expiry(ttl: Int64, age: Int64) -> UInt32 {
        UInt32(clamping: max(1, (ttl - age + 999) / 1000))
    }
}
