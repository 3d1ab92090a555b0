import NIOCore

/// A message that a broker delivered, as `MQTTRecorder` keeps it.
package struct MQTTMessage: Sendable, Equatable {
    package var topic: String
    package var payload: [UInt8]
    package var qos: Int
    package var isRetained: Bool
    /// MQTT 5: the payload was declared to be UTF-8 text.
    package var isDeclaredText: Bool
    /// MQTT 5: what is left of the message's life, in seconds.
    package var expiry: Int?
    /// MQTT 5: what the payload is.
    package var contentType: String?
    /// MQTT 5: which request this answers.
    package var correlation: [UInt8]?
    /// MQTT 5: the user properties, in order.
    package var userProperties: [UserProperty] = []

    package struct UserProperty: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    /// The payload as text.
    package var text: String { String(decoding: payload, as: UTF8.self) }
}

/// The packets of MQTT 5 that the tests' own client needs, so that what is tested isn't tested with itself.
enum MQTTPacket {
    /// Section 3.1: CONNECT.
    static func connect(clientID: String, user: String?, password: String?, sessionExpiry: UInt32) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeMQTT("MQTT")
        body.writeInteger(UInt8(5))
        let isCleanStart = sessionExpiry == 0
        body.writeInteger(UInt8((isCleanStart ? 2 : 0) | (user == nil ? 0 : 0x80) | (password == nil ? 0 : 0x40)))
        body.writeInteger(UInt16(0))  // no keep-alive
        body.writeInteger(UInt8(5))
        body.writeInteger(UInt8(0x11))
        body.writeInteger(sessionExpiry)
        body.writeMQTT(clientID)
        if let user { body.writeMQTT(user) }
        if let password { body.writeMQTT(password) }
        return packet(0x10, body)
    }

    /// Section 3.8: SUBSCRIBE, packet identifier 1.
    static func subscribe(_ filter: String, qos: Int) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeInteger(UInt16(1))
        body.writeInteger(UInt8(0))
        body.writeMQTT(filter)
        body.writeInteger(UInt8(qos))
        return packet(0x82, body)
    }

    /// Section 3.3: PUBLISH.
    static func publish(_ topic: String, _ payload: [UInt8], qos: Int, retain: Bool, identifier: UInt16) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeMQTT(topic)
        if qos > 0 { body.writeInteger(identifier) }
        body.writeInteger(UInt8(0))
        body.writeBytes(payload)
        return packet(UInt8(0x30 | qos << 1 | (retain ? 1 : 0)), body)
    }

    /// The same with a response topic, correlation data and user properties.
    static func request(
        _ topic: String,
        _ payload: [UInt8],
        qos: Int,
        answerTo response: String?,
        _ correlation: [UInt8],
        userProperties: [(name: String, value: String)] = [],
        identifier: UInt16
    ) -> ByteBuffer {
        var properties = ByteBuffer()
        if let response {
            properties.writeInteger(UInt8(0x08))
            properties.writeMQTT(response)
        }
        for property in userProperties {
            properties.writeInteger(UInt8(0x26))
            properties.writeMQTT(property.name)
            properties.writeMQTT(property.value)
        }
        if !correlation.isEmpty {
            properties.writeInteger(UInt8(0x09))
            properties.writeInteger(UInt16(correlation.count))
            properties.writeBytes(correlation)
        }
        var body = ByteBuffer()
        body.writeMQTT(topic)
        if qos > 0 { body.writeInteger(identifier) }
        body.writeVariableByteInteger(properties.readableBytes)
        body.writeBuffer(&properties)
        body.writeBytes(payload)
        return packet(UInt8(0x30 | qos << 1), body)
    }

    /// Section 3.4: PUBACK.
    static func puback(_ identifier: UInt16) -> ByteBuffer {
        packet(0x40, ByteBuffer(integer: identifier))
    }

    /// Section 3.14: DISCONNECT.
    static func disconnect() -> ByteBuffer { packet(0xe0, ByteBuffer()) }

    private static func packet(_ first: UInt8, _ body: ByteBuffer) -> ByteBuffer {
        var packet = ByteBuffer(integer: first)
        packet.writeVariableByteInteger(body.readableBytes)
        packet.writeImmutableBuffer(body)
        return packet
    }
}

extension ByteBuffer {
    fileprivate mutating func writeMQTT(_ text: String) {
        writeInteger(UInt16(text.utf8.count))
        writeString(text)
    }

    fileprivate mutating func writeVariableByteInteger(_ value: Int) {
        var rest = value
        repeat {
            writeInteger(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
    }

    /// A whole packet: its first byte and its body; `nil` while more bytes must come.
    mutating func readMQTTPacket() -> (first: UInt8, body: ByteBuffer)? {
        let start = readerIndex
        guard let first = readInteger(as: UInt8.self), let length = readVariableByteInteger(),
            let body = readSlice(length: length)
        else {
            moveReaderIndex(to: start)
            return nil
        }
        return (first, body)
    }

    fileprivate mutating func readVariableByteInteger() -> Int? {
        var value = 0
        for shift in stride(from: 0, through: 21, by: 7) {
            guard let byte = readInteger(as: UInt8.self) else { return nil }
            value |= Int(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    /// Section 3.3: the body of a PUBLISH, and its packet identifier at QoS 1 and 2.
    mutating func readMQTTMessage(first: UInt8) -> (message: MQTTMessage, identifier: UInt16)? {
        let qos = Int(first >> 1 & 3)
        guard let topic = readLengthPrefixedSlice(as: UInt16.self) else { return nil }
        let identifier = qos > 0 ? readInteger(as: UInt16.self) : 0
        guard let identifier, let length = readVariableByteInteger(), var properties = readSlice(length: length) else {
            return nil
        }
        var message = MQTTMessage(
            topic: String(buffer: topic),
            payload: [],
            qos: qos,
            isRetained: first & 1 == 1,
            isDeclaredText: false
        )
        while let property = properties.readInteger(as: UInt8.self) {
            switch property {
            case 0x01: message.isDeclaredText = properties.readInteger(as: UInt8.self) == 1
            case 0x02: message.expiry = properties.readInteger(as: UInt32.self).map(Int.init)
            case 0x03:
                message.contentType = properties.readLengthPrefixedSlice(as: UInt16.self).map { String(buffer: $0) }
            case 0x09:
                message.correlation = properties.readLengthPrefixedSlice(as: UInt16.self).map { Array(buffer: $0) }
            case 0x0b: _ = properties.readVariableByteInteger()
            case 0x23: _ = properties.readInteger(as: UInt16.self)
            case 0x26:
                guard let name = properties.readLengthPrefixedSlice(as: UInt16.self),
                    let value = properties.readLengthPrefixedSlice(as: UInt16.self)
                else { break }
                message.userProperties.append(.init(name: String(buffer: name), value: String(buffer: value)))
            default: _ = properties.readLengthPrefixedSlice(as: UInt16.self)
            }
        }
        message.payload = Array(buffer: self)
        return (message, identifier)
    }
}
