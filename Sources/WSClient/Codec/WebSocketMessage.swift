/// One message of a batch: where it lies in the batch's bytes, and what it was declared to be.
public struct WebSocketMessage: Sendable, Hashable {
    /// What a message's payload is declared to be (RFC 6455 5.6).
    public enum Kind: UInt8, Sendable, Hashable {
        /// Valid UTF-8: opcode 1.
        case text = 1
        /// Any bytes: opcode 2.
        case binary = 2
    }

    /// The payload's first byte, counted from the batch buffer's index 0.
    public var offset: UInt32
    /// The payload's length in bytes.
    public var length: UInt32
    /// What the payload is declared to be.
    public var kind: Kind

    /// Makes an entry.
    ///
    /// Offset and length must lie within the buffer of the batch it belongs to.
    @inlinable
    public init(offset: Int, length: Int, kind: Kind) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.length = UInt32(truncatingIfNeeded: length)
        self.kind = kind
    }

    /// The payload's range in the batch's buffer, from index 0.
    @inlinable
    public var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
}
