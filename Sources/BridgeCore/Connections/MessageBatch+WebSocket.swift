import NIOCore
import WSClient

extension MessageBatch {
    /// The same bytes under the bridge's own entries.
    init(_ batch: WebSocketMessageBatch, receivedAt: NIODeadline) {
        var entries = ContiguousArray<Entry>()
        entries.reserveCapacity(batch.count)
        for message in batch.messages {
            entries.append(
                Entry(
                    payloadOffset: Int(message.offset),
                    payloadLength: Int(message.length),
                    kind: message.kind == .text ? .text : .binary
                )
            )
        }
        self.init(bytes: batch.bytes, entries: entries, receivedAt: receivedAt)
    }
}
