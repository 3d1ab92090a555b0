package import BridgeCore
import NIOCore

extension MessageBatch {
    /// A batch of text messages.
    package static func of(_ texts: String...) -> MessageBatch { of(texts) }

    package static func of(
        _ texts: [String],
        topic: String = "",
        properties: [[UInt8]] = []
    ) -> MessageBatch {
        of(payloads: texts.map { Array($0.utf8) }, kind: .text, topic: topic, properties: properties)
    }

    /// Text messages whose senders want answers where the second parts say; `nil` = nowhere.
    package static func requests(_ requests: [(text: String, address: ResponseAddress?)]) -> MessageBatch {
        var batch = of(
            requests.map(\.text),
            properties: requests.map { CarriedProperties.encode(response: $0.address) }
        )
        for index in batch.entries.indices where requests[index].address != nil {
            batch.entries[index].flags.insert(.isRequest)
        }
        return batch
    }

    /// A batch of these payloads, all of one kind and topic.
    package static func of(
        payloads: [[UInt8]],
        kind: MessageKind = .undeclared,
        topic: String = "",
        properties: [[UInt8]] = []
    ) -> MessageBatch {
        var bytes = ByteBuffer()
        var entries = ContiguousArray<Entry>()
        for (index, payload) in payloads.enumerated() {
            let payloadOffset = bytes.writerIndex
            bytes.writeBytes(payload)
            let topicOffset = bytes.writerIndex
            let topicLength = bytes.writeString(topic)
            var entry = Entry(
                payloadOffset: payloadOffset,
                payloadLength: payload.count,
                topicOffset: topicOffset,
                topicLength: topicLength,
                kind: kind
            )
            if properties.indices.contains(index) {
                entry.propertiesLength = UInt16(bytes.writeBytes(properties[index]))
            }
            entries.append(entry)
        }
        return MessageBatch(bytes: bytes, entries: entries, receivedAt: .now())
    }

    /// The properties' bytes.
    package var properties: [[UInt8]] { withUnsafeBytes { all in entries.map { Array(all[$0.properties]) } } }

    /// The payloads as strings.
    package var texts: [String] {
        withUnsafeBytes { all in entries.map { String(decoding: all[$0.payload], as: UTF8.self) } }
    }
}
