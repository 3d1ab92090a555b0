import BridgeCore
import CMosquitto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A list of MQTT 5 properties (section 2.2.2) that the library reads; freed with this object.
///
/// Made and used on one thread.
final class PropertyList {
    private(set) var pointer: OpaquePointer?

    init() {}

    deinit {
        mosquitto_property_free_all(&pointer)
    }

    func add(_ identifier: mqtt5_property, byte value: UInt8) throws(MosquittoError) {
        try MosquittoError.check(mosquitto_property_add_byte(&pointer, Int32(identifier.rawValue), value))
    }

    func add(_ identifier: mqtt5_property, int32 value: UInt32) throws(MosquittoError) {
        try MosquittoError.check(mosquitto_property_add_int32(&pointer, Int32(identifier.rawValue), value))
    }

    func add(_ identifier: mqtt5_property, name: String, value: String) throws(MosquittoError) {
        try MosquittoError.check(
            mosquitto_property_add_string_pair(&pointer, Int32(identifier.rawValue), name, value)
        )
    }

    func add(_ identifier: mqtt5_property, text value: String) throws(MosquittoError) {
        try MosquittoError.check(mosquitto_property_add_string(&pointer, Int32(identifier.rawValue), value))
    }

    func add(_ identifier: mqtt5_property, binary value: [UInt8]) throws(MosquittoError) {
        let code = value.withUnsafeBytes { bytes in
            mosquitto_property_add_binary(
                &pointer,
                Int32(identifier.rawValue),
                bytes.baseAddress,
                UInt16(clamping: bytes.count)
            )
        }
        try MosquittoError.check(code)
    }

    func add(_ identifier: mqtt5_property, varint value: UInt32) throws(MosquittoError) {
        try MosquittoError.check(mosquitto_property_add_varint(&pointer, Int32(identifier.rawValue), value))
    }
}

/// Reads properties that the library received; valid only during the callback that brought them.
struct ReceivedProperties {
    private let pointer: OpaquePointer

    init?(_ pointer: OpaquePointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    func byte(_ identifier: mqtt5_property) -> UInt8? {
        var value: UInt8 = 0
        return mosquitto_property_read_byte(pointer, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    func int16(_ identifier: mqtt5_property) -> UInt16? {
        var value: UInt16 = 0
        return mosquitto_property_read_int16(pointer, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    func int32(_ identifier: mqtt5_property) -> UInt32? {
        var value: UInt32 = 0
        return mosquitto_property_read_int32(pointer, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    /// `nil` where it isn't there, or isn't UTF-8.
    func string(_ identifier: mqtt5_property) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        guard mosquitto_property_read_string(pointer, Int32(identifier.rawValue), &value, false) != nil, let value
        else { return nil }
        defer { free(value) }
        return String(validatingCString: value)
    }

    func binary(_ identifier: mqtt5_property) -> [UInt8]? {
        var value: UnsafeMutableRawPointer?
        var length: UInt16 = 0
        guard mosquitto_property_read_binary(pointer, Int32(identifier.rawValue), &value, &length, false) != nil else {
            return nil
        }
        defer { free(value) }
        return Array(UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : Int(length)))
    }

    /// Where the sender of a message wants its answer.
    func response(qos: Int32) -> ResponseAddress? {
        guard let topic = string(MQTT_PROP_RESPONSE_TOPIC) else { return nil }
        return ResponseAddress(
            topic: topic,
            correlation: binary(MQTT_PROP_CORRELATION_DATA) ?? [],
            qos: Int(min(qos, 1))
        )
    }

    /// The first user property's name and value.
    var firstUserProperty: (name: String, value: String)? {
        var name: UnsafeMutablePointer<CChar>?
        var value: UnsafeMutablePointer<CChar>?
        let identifier = Int32(MQTT_PROP_USER_PROPERTY.rawValue)
        guard mosquitto_property_read_string_pair(pointer, identifier, &name, &value, false) != nil else { return nil }
        defer {
            free(name)
            free(value)
        }
        guard let name, let value else { return nil }
        return (String(cString: name), String(cString: value))
    }

    /// Calls `body` with the name and the value of each user property, in order.
    func forEachUserProperty(_ body: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Void) {
        var name: UnsafeMutablePointer<CChar>?
        var value: UnsafeMutablePointer<CChar>?
        let identifier = Int32(MQTT_PROP_USER_PROPERTY.rawValue)
        var found = mosquitto_property_read_string_pair(pointer, identifier, &name, &value, false)
        while let current = found {
            let (ownedName, ownedValue) = (name, value)
            defer {
                free(ownedName)
                free(ownedValue)
            }
            if let name, let value { body(name, value) }
            found = mosquitto_property_read_string_pair(current, identifier, &name, &value, true)
        }
    }

    /// Every value of a property that may stand several times.
    func appendVarints(_ identifier: mqtt5_property, to values: inout [UInt32]) {
        var value: UInt32 = 0
        var found = mosquitto_property_read_varint(pointer, Int32(identifier.rawValue), &value, false)
        while let current = found {
            values.append(value)
            found = mosquitto_property_read_varint(current, Int32(identifier.rawValue), &value, true)
        }
    }
}
