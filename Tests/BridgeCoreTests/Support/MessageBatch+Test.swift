import BridgeCore
import NIOCore

extension MessageBatch {
    /// A batch of text messages.
    static func of(_ texts: String...) -> MessageBatch { of(texts) }

    static func of(_ texts: [String], topic: String = "") -> MessageBatch {
        var bytes = ByteBuffer()
        var entries = ContiguousArray<Entry>()
        for text in texts {
            let payloadOffset = bytes.writerIndex
            let payloadLength = bytes.writeString(text)
            let topicOffset = bytes.writerIndex
            let topicLength = bytes.writeString(topic)
            entries.append(
                Entry(
                    payloadOffset: payloadOffset, payloadLength: payloadLength, topicOffset: topicOffset,
                    topicLength: topicLength, kind: .text))
        }
        return MessageBatch(bytes: bytes, entries: entries, receivedAt: .uptimeNanoseconds(0))
    }

    /// The payloads as strings.
    var texts: [String] {
        withUnsafeBytes { all in entries.map { String(decoding: all[$0.payload], as: UTF8.self) } }
    }
}
