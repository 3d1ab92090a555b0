import FoundationEssentials
import NIOCore

/// One client of the control socket: a request a line, an answer a line.
final class ControlSession: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest request, in bytes: a message to send and its JSON escapes.
    static let longestRequest = 1 << 20
    /// A client that neither asks nor listens for so long is let go.
    static let patience: TimeAmount = .seconds(30)

    private let handler: any ControlHandler
    private var received = ByteBuffer()
    private var isClosing = false
    private var deadline: Scheduled<Void>?

    init(_ handler: any ControlHandler) {
        self.handler = handler
    }

    func handlerAdded(context: ChannelHandlerContext) { wait(context) }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        wait(context)
        var part = unwrapInboundIn(data)
        while !isClosing, let end = part.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            var last = part.readSlice(length: end - part.readerIndex) ?? ByteBuffer()
            part.moveReaderIndex(forwardBy: 1)
            received.writeBuffer(&last)
            answer(received, context)
            received.clear()
        }
        received.writeBuffer(&part)
        if received.readableBytes > Self.longestRequest { refuse(context) }
    }

    private func answer(_ line: ByteBuffer, _ context: ChannelHandlerContext) {
        guard line.readableBytes <= Self.longestRequest else { return refuse(context) }
        // Whoever asks on without reading the answers gets no more of them.
        guard context.channel.isWritable else { return close(context) }
        guard let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(line.readableBytesView)) else {
            return write(ControlResponse(.badRequest, message: "the request is not understood"), context)
        }
        write(handler.handle(request), context)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        write(ControlResponse(.badRequest, message: "the request is longer than 1 MiB"), context)
        close(context)
    }

    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        received = ByteBuffer()
        context.close(promise: nil)
    }

    private func wait(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { self.close(context) }
    }

    private func write(_ response: ControlResponse, _ context: ChannelHandlerContext) {
        var line = StatusEncoder.json(response)
        line.writeInteger(UInt8(ascii: "\n"))
        context.writeAndFlush(wrapOutboundOut(line), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(context)
    }
}
