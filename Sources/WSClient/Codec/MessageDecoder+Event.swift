public import NIOCore

@_spi(Codec) extension MessageDecoder {
    /// What a read held, in order.
    public enum Event: Sendable {
        /// Data messages, at least one.
        case messages(WebSocketMessageBatch)
        /// A ping and its payload, to be answered by a pong with the same; of several the last suffices (5.5.3).
        case ping(ByteBuffer)
        /// A pong and its payload.
        case pong(ByteBuffer)
        /// A close frame. Nothing follows.
        case close(CloseFrame)
        /// The peer broke a rule. Nothing follows.
        case violation(ProtocolViolation)
    }
}
