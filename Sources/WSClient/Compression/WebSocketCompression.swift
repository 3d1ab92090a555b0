/// How messages are compressed, where the server agrees: the extension permessage-deflate (RFC 7692).
///
/// An established connection holds at most one context for each direction, made with the first compressed message. The
/// incoming one takes 8 KiB and the window (32 KiB at 15 bits), the outgoing one eight times its window and 6 KiB.
public struct WebSocketCompression: Sendable, Hashable {
    /// The window sizes that can be asked for, as powers of two: 512 bytes to 32 KiB.
    public static let windowBitsRange = 9...15

    /// Shorter messages, in bytes, are sent uncompressed: they hardly shrink.
    public var minimumSize = 128
    /// From 1, the fastest, to 9, the smallest.
    public var level = 6
    /// Whether an outgoing message may refer to the ones before it (RFC 7692, section 7.1.1.2).
    ///
    /// Saves more on small messages that are alike. But who sees the sizes on the wire and has a say in some of the
    /// messages can guess what the others hold. Batches that say so never get into it.
    public var allowsOutgoingContextTakeover = false
    /// Whether the server may let its messages refer to the ones before (7.1.1.1).
    public var allowsIncomingContextTakeover = true
    /// The largest window for outgoing messages, as a power of two (7.1.2.2); 9 to 15.
    public var outgoingWindowBits = 12
    /// The largest window for incoming messages, as a power of two (7.1.2.1); 9 to 15.
    ///
    /// Less than 15 is asked of the server, and not every server can do it.
    public var incomingWindowBits = 15
    /// How many times its compressed size a message that inflates to more than 1 MiB may have.
    ///
    /// Deflate ends at 1032.
    public var maximumRatio = 256

    /// Compresses each outgoing message by itself with a window of 4 KiB, unless told otherwise.
    public init() {}
}
