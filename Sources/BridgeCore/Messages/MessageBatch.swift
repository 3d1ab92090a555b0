package import NIOCore

/// The messages that travel on together: what one read held, in order of arrival.
///
/// All payloads, topics and properties lie in one buffer; an entry says where. Filtering keeps the buffer and copies only
/// entries, so a batch costs the data path one reference count, whatever it holds. Whoever keeps messages beyond the
/// call that brought them copies their bytes: the buffer may be a whole read's.
package struct MessageBatch: Sendable {
    /// Where one message lies in `bytes`.
    ///
    /// Offsets count from the buffer's index 0.
    package struct Entry: Sendable, Hashable {
        package var payloadOffset: UInt32
        package var payloadLength: UInt32
        package var topicOffset: UInt32
        /// How many milliseconds after the batch's `receivedAt` the message was read: 0 but in a queue's batches.
        package var delay: UInt32 = 0
        package var topicLength: UInt16
        /// How many bytes of `CarriedProperties` lie directly behind the topic.
        package var propertiesLength: UInt16 = 0
        package var kind: MessageKind
        package var flags: Flags = []

        package init(
            payloadOffset: Int,
            payloadLength: Int,
            topicOffset: Int = 0,
            topicLength: Int = 0,
            kind: MessageKind
        ) {
            self.payloadOffset = UInt32(truncatingIfNeeded: payloadOffset)
            self.payloadLength = UInt32(truncatingIfNeeded: payloadLength)
            self.topicOffset = UInt32(truncatingIfNeeded: topicOffset)
            self.topicLength = UInt16(truncatingIfNeeded: topicLength)
            self.kind = kind
        }

        /// The payload's range in the batch's buffer, from index 0.
        @inlinable
        package var payload: Range<Int> { Int(payloadOffset)..<Int(payloadOffset) + Int(payloadLength) }

        /// The source topic's range in the batch's buffer, from index 0; empty where the source has no topics.
        @inlinable
        package var topic: Range<Int> { Int(topicOffset)..<Int(topicOffset) + Int(topicLength) }

        /// The properties' range in the batch's buffer, from index 0; empty for most messages.
        @inlinable
        package var properties: Range<Int> { topic.upperBound..<topic.upperBound + Int(propertiesLength) }

        /// The topic and the properties behind it.
        @inlinable
        package var topicAndProperties: Range<Int> { Int(topicOffset)..<properties.upperBound }

        /// What the message counts for in a queue's `max_bytes`: payload + topic + properties + 64 bytes.
        @inlinable
        package var queueCost: Int {
            Int(payloadLength) + Int(topicLength) + Int(propertiesLength) + Self.fixedCost
        }

        /// What a message counts for whatever it holds.
        package static let fixedCost = 64
    }

    /// What a message is, and what happened to it before.
    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It was in flight when its sink was lost, and so may arrive twice.
        package static let redelivered = Flags(rawValue: 1)
        /// Its sender wants to know what becomes of it: its properties say where.
        package static let isRequest = Flags(rawValue: 2)
        /// Its sender knows that it waits.
        package static let isToldQueued = Flags(rawValue: 4)

        /// How many gateways it has come through by MQTT, this one included: 0 to 15.
        package var hops: Int {
            get { Int(rawValue >> 4) }
            set { self = Flags(rawValue: rawValue & 0x0f | UInt8(clamping: min(newValue, 15)) << 4) }
        }
    }

    package var bytes: ByteBuffer
    package var entries: ContiguousArray<Entry>
    /// When the batch, or the first of it, was read, on the monotonic clock.
    package var receivedAt: NIODeadline
    /// How old it was then already, in milliseconds: 0 but for what a former run received.
    package var priorAge: Int64

    package init(
        bytes: ByteBuffer,
        entries: ContiguousArray<Entry>,
        receivedAt: NIODeadline,
        priorAge: Int64 = 0
    ) {
        self.bytes = bytes
        self.entries = entries
        self.receivedAt = receivedAt
        self.priorAge = priorAge
    }

    /// How long ago the message at this index was received, in milliseconds.
    package func age(at index: Int, now: NIODeadline) -> Int64 {
        (now - receivedAt).nanoseconds / 1_000_000 + priorAge - Int64(entries[index].delay)
    }

    /// No messages, read now.
    package static var empty: MessageBatch { MessageBatch(bytes: ByteBuffer(), entries: [], receivedAt: .now()) }

    @inlinable
    package var count: Int { entries.count }

    @inlinable
    package var isEmpty: Bool { entries.isEmpty }

    /// Calls `body` with the whole buffer from index 0, in which the entries' ranges lie.
    ///
    /// Valid only during the call.
    @inlinable
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let outcome: Swift.Result<Result, Failure> = bytes.withVeryUnsafeBytes { pointer in
            do throws(Failure) {
                return .success(try body(pointer))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}
