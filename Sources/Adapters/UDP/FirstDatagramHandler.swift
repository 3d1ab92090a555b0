internal import NIOCore

/// Hears of datagrams from NIO, which reads the first of those that wait.
final class FirstDatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private weak var source: UDPSource?

    init(_ source: UDPSource) {
        self.source = source
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        source?.received(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        source?.failed(error)
    }
}
