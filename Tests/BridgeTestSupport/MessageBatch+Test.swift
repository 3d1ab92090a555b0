package import BridgeCore
import NIOCore

extension MessageBatch {
    /// A batch of text messages.
    package static func of(_ texts: String...) -> MessageBatch { of(texts) }

    package static func of(_ texts: [String], topic: String = "") -> MessageBatch {
        of(payloads: texts.map { Array($0.utf8) }, kind: .text, topic: topic)
    }

    /// A batch of these payloads, all of one kind and topic.
    package static func of(
        payloads: [[UInt8]],
        kind: MessageKind = .undeclared,
        topic: String = ""
    ) -> MessageBatch {
        var bytes = ByteBuffer()
        var entries = ContiguousArray<Entry>()
        for payload in payloads {
            let payloadOffset = bytes.writerIndex
            bytes.writeBytes(payload)
            let topicOffset = bytes.writerIndex
            let topicLength = bytes.writeString(topic)
            entries.append(
                Entry(
                    payloadOffset: payloadOffset,
                    payloadLength: payload.count,
                    topicOffset: topicOffset,
                    topicLength: topicLength,
                    kind: kind
                )
            )
        }
        return MessageBatch(bytes: bytes, entries: entries, receivedAt: .now())
    }

    /// The payloads as strings.
    package var texts: [String] {
        withUnsafeBytes { all in entries.map { String(decoding: all[$0.payload], as: UTF8.self) } }
    }
}
