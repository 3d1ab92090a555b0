import WSClient

/// `compression:` of a connection: permessage-deflate (RFC 7692) as it is offered.
package struct CompressionConfiguration: Sendable, Hashable {
    private static let usual = WebSocketCompression()

    /// In bytes; shorter messages are sent uncompressed.
    package var minSize = usual.minimumSize
    /// 1 to 9.
    package var level = usual.level
    package var outgoingContextTakeover = usual.allowsOutgoingContextTakeover
    package var incomingContextTakeover = usual.allowsIncomingContextTakeover
    /// Powers of two.
    package var outgoingWindowBits = usual.outgoingWindowBits
    package var incomingWindowBits = usual.incomingWindowBits
    package var maxRatio = usual.maximumRatio

    package init() {}
}
