import BridgeCore

/// A lane's knowledge of a message once the broker ended the connection over it; nothing of it is done while all is well.
extension PublishLane {
    struct Known {
        var identity: MessageIdentity
        var topic: String
        var bytes: Int
    }

    /// The oldest message that is not settled; before anything is published, the next one.
    var oldest: Known? {
        message { order, index in
            var hasher = Hasher()
            var topic = settings.literalTopic ?? ""
            if !order.topics.isLiteral, RenderedTopics.failure(at: order.topics.offsets[index]) == nil {
                let rest = order.topics.bytes[Int(order.topics.offsets[index])...]
                topic = String(decoding: rest.prefix { $0 != 0 }, as: UTF8.self)
            }
            hasher.combine(topic)
            let entry = order.batch.entries[index]
            order.batch.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[entry.payload])) }
            return Known(
                identity: MessageIdentity(owner: UInt16(self.index), position: settled, digest: hasher.finalize()),
                topic: topic,
                bytes: Int(entry.payloadLength)
            )
        }
    }
}
