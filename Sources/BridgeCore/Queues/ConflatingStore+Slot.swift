import NIOCore

/// One message of its own buffer, and how it comes out of a batch and into one.
extension ConflatingStore {
    struct Slot {
        var entry: MessageBatch.Entry
        /// Payload, topic and properties.
        var bytes: ByteBuffer
        var receivedAt: NIODeadline
        var priorAge: Int64
        var key: [UInt8]?
        var number: Int64
        var isOnDisk = false
        /// What lies there is one that it took the place of.
        var isNewer = false
        /// What it counts for there.
        var writtenCost = 0
        /// The last write of it.
        var ticket: Int64 = 0
        /// It waits to be written, for its turn.
        var isDue = false
        /// False: dropped between others.
        var isLive = true

        /// When it was received, in milliseconds on a clock that may be negative.
        var receipt: Int64 { Int64(receivedAt.uptimeNanoseconds / 1_000_000) - priorAge }

        /// Where its sender wants an answer.
        var request: ResponseAddress? { bytes.withVeryUnsafeBytes { entry.response(in: $0) } }
    }

    static func slot(
        _ batch: MessageBatch,
        _ index: Int,
        _ all: UnsafeRawBufferPointer,
        key: [UInt8]?,
        number: Int64
    ) -> Slot {
        var entry = batch.entries[index]
        let capacity = entry.payload.count + entry.topicAndProperties.count
        var bytes = ByteBufferAllocator().buffer(capacity: capacity)
        bytes.writeBytes(all[entry.payload])
        bytes.writeBytes(all[entry.topicAndProperties])
        entry.payloadOffset = 0
        entry.topicOffset = entry.payloadLength
        let delay = TimeAmount.milliseconds(Int64(entry.delay))
        entry.delay = 0
        return Slot(
            entry: entry,
            bytes: bytes,
            receivedAt: batch.receivedAt + delay,
            priorAge: batch.priorAge,
            key: key,
            number: number
        )
    }

    static func batch(of slots: some Collection<Slot>) -> MessageBatch {
        // Not always the first: a newer one may have taken its place.
        guard let oldest = slots.min(by: { $0.receipt < $1.receipt }) else { return .empty }
        var batch = MessageBatch(
            bytes: ByteBufferAllocator().buffer(capacity: slots.reduce(0) { $0 + $1.bytes.readableBytes }),
            entries: [],
            receivedAt: oldest.receivedAt,
            priorAge: oldest.priorAge
        )
        for slot in slots {
            var entry = slot.entry
            entry.payloadOffset += UInt32(truncatingIfNeeded: batch.bytes.writerIndex)
            entry.topicOffset += UInt32(truncatingIfNeeded: batch.bytes.writerIndex)
            entry.delay = UInt32(clamping: slot.receipt - oldest.receipt)
            batch.bytes.writeImmutableBuffer(slot.bytes)
            batch.entries.append(entry)
        }
        return batch
    }
}
