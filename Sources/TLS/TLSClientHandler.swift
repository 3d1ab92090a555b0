public import NIOCore

/// Speaks TLS as a client over a NIO channel: bytes on the wire outside, plain bytes inside.
///
/// It fires ``TLSHandshakeCompleted`` as a user inbound event when the handshake is done. Errors travel down the
/// pipeline as ``TLSError``, and the channel closes after one. It belongs to the channel's event loop.
public final class TLSClientHandler: ChannelDuplexHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    private let tlsContext: TLSContext

    /// A handler for one connection.
    ///
    /// - Parameter context: the endpoint's context, made for this connect.
    public init(context: TLSContext) {
        tlsContext = context
    }
}
