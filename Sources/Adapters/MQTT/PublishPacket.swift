import CMosquitto
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A PUBLISH as it goes over the wire (MQTT 5 and 3.1.1, section 3.3).
struct PublishPacket {
    var topic: UnsafeRawBufferPointer
    var payload: UnsafeRawBufferPointer
    /// 0 to 2.
    var qos: Int32
    var retain: Bool
    /// Written at QoS 1 and 2 only.
    var identifier: UInt16
    /// The encoded properties; `nil` where the version has none.
    var properties: [UInt8]?

    /// Appends the packet to `buffer`.
    func write(to buffer: inout ByteBuffer) {
        var length = 2 + topic.count + payload.count + (qos > 0 ? 2 : 0)
        if let properties { length += Self.lengthOfVariableInteger(properties.count) + properties.count }
        buffer.writeInteger(UInt8(0x30 | qos << 1 | (retain ? 1 : 0)))
        Self.writeVariableInteger(length, to: &buffer)
        buffer.writeInteger(UInt16(truncatingIfNeeded: topic.count))
        buffer.writeBytes(topic)
        if qos > 0 { buffer.writeInteger(identifier) }
        if let properties {
            Self.writeVariableInteger(properties.count, to: &buffer)
            buffer.writeBytes(properties)
        }
        buffer.writeBytes(payload)
    }

    /// Section 1.5.5 of MQTT 5: seven bits a byte, the lowest first.
    private static func writeVariableInteger(_ value: Int, to buffer: inout ByteBuffer) {
        var rest = value
        repeat {
            buffer.writeInteger(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
    }

    private static func lengthOfVariableInteger(_ value: Int) -> Int {
        switch value {
        case ..<128: 1
        case ..<16_384: 2
        case ..<2_097_152: 3
        default: 4
        }
    }

    /// The properties of a list as they are encoded (MQTT 5, section 2.2.2.2): those that a PUBLISH of ours may have.
    static func encoded(_ list: OpaquePointer?) -> [UInt8] {
        var bytes = ByteBuffer()
        var next = list
        while let property = next {
            next = mosquitto_property_next(property)
            let identifier = mosquitto_property_identifier(property)
            guard let received = ReceivedProperties(property) else { continue }
            let known = mqtt5_property(UInt32(truncatingIfNeeded: identifier))
            bytes.writeInteger(UInt8(truncatingIfNeeded: identifier))
            switch known {
            case MQTT_PROP_PAYLOAD_FORMAT_INDICATOR:
                bytes.writeInteger(received.byte(known) ?? 0)
            case MQTT_PROP_MESSAGE_EXPIRY_INTERVAL:
                bytes.writeInteger(received.int32(known) ?? 0)
            case MQTT_PROP_CORRELATION_DATA:
                let value = received.binary(known) ?? []
                bytes.writeInteger(UInt16(clamping: value.count))
                bytes.writeBytes(value)
            case MQTT_PROP_CONTENT_TYPE, MQTT_PROP_RESPONSE_TOPIC:
                write(received.string(known) ?? "", to: &bytes)
            case MQTT_PROP_USER_PROPERTY:
                let (name, value) = received.firstUserProperty ?? ("", "")
                write(name, to: &bytes)
                write(value, to: &bytes)
            default:
                assertionFailure("a PUBLISH of ours has no property \(identifier)")
            }
        }
        return Array(bytes.readableBytesView)
    }

    private static func write(_ text: String, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(clamping: text.utf8.count))
        buffer.writeString(text)
    }
}
