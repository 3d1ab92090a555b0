/// What a message carries beside topic and payload, as it lies in a batch and on disk: any number of
/// (type: 1 byte, length: 2 bytes little-endian, value).
///
/// Types that this version doesn't know are skipped. Valid as long as the bytes it was made of.
package struct CarriedProperties {
    private enum Kind: UInt8 {
        /// The id of a gateway that it came through. These stand first, the oldest before all.
        case gateway = 1
        case responseTopic = 2
        case correlation = 3
        /// The request's, 0 or 1.
        case responseQoS = 4
    }

    /// How many gateways a message comes through at most.
    package static let mostGateways = 8
    /// A longer id is none of ours and is not carried on.
    package static let longestGateway = 256
    private static let headBytes = 3

    private let bytes: UnsafeRawBufferPointer

    /// `nil` where these bytes are not what `encode` makes: nothing is read from them then.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        var position = 0
        while position < bytes.count {
            guard bytes.count - position >= Self.headBytes else { return nil }
            position += Self.headBytes + Self.length(bytes, at: position)
        }
        guard position == bytes.count else { return nil }
        self.bytes = bytes
    }

    /// The bytes of these properties; none where there are none.
    ///
    /// Bounded: at most 8 gateways, and an address that is longer than may be answered is cut to one byte more, so that
    /// whoever is to answer sees that it is too long.
    package static func encode(gateways: [String] = [], response: ResponseAddress? = nil) -> [UInt8] {
        var bytes: [UInt8] = []
        for gateway in gateways.lazy.filter({ $0.utf8.count <= longestGateway }).prefix(mostGateways) {
            append(.gateway, gateway.utf8, to: &bytes)
        }
        guard let response else { return bytes }
        let most = ResponseTopics.mostBytes + 1
        let topic = response.topic.utf8.prefix(most)
        append(.responseTopic, topic, to: &bytes)
        let correlation = response.correlation.prefix(most - topic.count)
        if !correlation.isEmpty { append(.correlation, correlation, to: &bytes) }
        append(.responseQoS, CollectionOfOne(UInt8(truncatingIfNeeded: response.qos)), to: &bytes)
        return bytes
    }

    private static func append(_ kind: Kind, _ value: some Collection<UInt8>, to bytes: inout [UInt8]) {
        let length = UInt16(clamping: value.count)
        bytes.append(kind.rawValue)
        bytes.append(UInt8(truncatingIfNeeded: length))
        bytes.append(UInt8(truncatingIfNeeded: length >> 8))
        bytes.append(contentsOf: value.prefix(Int(length)))
    }

    private static func length(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Int {
        Int(bytes[position + 1]) | Int(bytes[position + 2]) << 8
    }

    /// Calls `body` for each property, in order, until it says that it has seen enough.
    private func forEach(_ body: (_ type: UInt8, _ value: Range<Int>) -> Bool) {
        var position = 0
        while position < bytes.count {
            let start = position + Self.headBytes
            let end = start + Self.length(bytes, at: position)
            guard body(bytes[position], start..<end) else { return }
            position = end
        }
    }

    /// Where its sender wants an answer; `nil` where it wants none.
    package var response: ResponseAddress? {
        var topic: String?
        var correlation: [UInt8] = []
        var qos = 0
        forEach { type, value in
            let value = UnsafeRawBufferPointer(rebasing: bytes[value])
            switch Kind(rawValue: type) {
            case .responseTopic: topic = String(decoding: value, as: UTF8.self)
            case .correlation: correlation = Array(value)
            case .responseQoS: qos = value.first == 1 ? 1 : 0
            case .gateway, nil: break
            }
            return true
        }
        return topic.map { ResponseAddress(topic: $0, correlation: correlation, qos: qos) }
    }

    /// The bytes of its trail, the same for all messages that came the same way; empty where it has none.
    package var trail: UnsafeRawBufferPointer {
        var end = 0
        forEach { type, value in
            guard type == Kind.gateway.rawValue else { return false }
            end = value.upperBound
            return true
        }
        return UnsafeRawBufferPointer(rebasing: bytes[..<end])
    }

    /// The ids of the gateways that it came through, the oldest first.
    package var gateways: [String] {
        var gateways: [String] = []
        forEach { type, value in
            guard type == Kind.gateway.rawValue else { return false }
            gateways.append(String(decoding: bytes[value], as: UTF8.self))
            return true
        }
        return gateways
    }
}

extension MessageBatch {
    /// Where the sender of the message at this index wants its answer; `nil` = nowhere.
    package func response(at index: Int) -> ResponseAddress? {
        guard entries[index].flags.contains(.isRequest) else { return nil }
        return withUnsafeBytes { entries[index].response(in: $0) }
    }
}

extension MessageBatch.Entry {
    /// The same, of a message whose batch's bytes these are.
    func response(in bytes: UnsafeRawBufferPointer) -> ResponseAddress? {
        guard flags.contains(.isRequest) else { return nil }
        return CarriedProperties(UnsafeRawBufferPointer(rebasing: bytes[properties]))?.response
    }
}
