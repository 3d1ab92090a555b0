/// `compression:` of a connection: permessage-deflate (RFC 7692) as it is offered.
package struct CompressionConfiguration: Sendable, Hashable {
    /// In bytes; shorter messages are sent uncompressed.
    package var minSize = 128
    /// 1 to 9.
    package var level = 6
    package var outgoingContextTakeover = false
    package var incomingContextTakeover = true
    /// Powers of two.
    package var outgoingWindowBits = 12
    package var incomingWindowBits = 15
    package var maxRatio = 256

    package init() {}
}
