import FoundationEssentials
package import Logging
package import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Answers the command line on a Unix domain socket of mode 0600. Used on the gateway's event loop only.
package final class ControlServer {
    private let path: String
    private let handler: any ControlHandler
    private let log: Logger
    private var channel: (any Channel)?

    package init(path: String, handler: any ControlHandler, log: Logger) {
        self.path = path
        self.handler = handler
        self.log = log
    }

    /// Listens, or says in the log why it doesn't; the gateway runs either way. `completion` is called when it is
    /// known which.
    package func start(on eventLoop: any EventLoop, completion: @escaping () -> Void) {
        do {
            try ControlSocketPlace.prepare(path)
        } catch {
            log.warning("no control socket at \(path): \(error); status, send, connect and disconnect won't work")
            return completion()
        }
        let handler = NIOLoopBound(handler, eventLoop: eventLoop)
        let bootstrap = ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 16)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ControlSession(handler.value))
                }
            }
        // Nobody else may open it, not even between bind and chmod.
        let mask = umask(0o177)
        let bound = bootstrap.bind(unixDomainSocketPath: path)
        bound.assumeIsolated().whenComplete { result in
            umask(mask)
            switch result {
            case .success(let channel): self.channel = channel
            case .failure(let error):
                self.log.warning("no control socket at \(self.path): \(error)")
            }
            completion()
        }
    }

    /// Stops listening and removes the socket.
    package func stop() {
        guard let channel else { return }
        self.channel = nil
        channel.close(promise: nil)
        unlink(path)
    }
}

/// One client of the control socket: a request a line, an answer a line.
private final class ControlSession: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The longest request, in bytes: a message to send and its JSON escapes.
    private static let longestRequest = 1 << 20

    private let handler: any ControlHandler
    private var received = ByteBuffer()

    init(_ handler: any ControlHandler) {
        self.handler = handler
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        received.writeBuffer(&part)
        while let end = received.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            let line = received.readSlice(length: end - received.readerIndex) ?? ByteBuffer()
            received.moveReaderIndex(forwardBy: 1)
            answer(line, context)
        }
        if received.readableBytes > Self.longestRequest {
            write(ControlResponse(.badRequest, message: "the request is longer than 1 MiB"), context)
            context.close(promise: nil)
        }
        received.discardReadBytes()
    }

    private func answer(_ line: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(line.readableBytesView)) else {
            return write(ControlResponse(.badRequest, message: "the request is not understood"), context)
        }
        write(handler.handle(request), context)
    }

    private func write(_ response: ControlResponse, _ context: ChannelHandlerContext) {
        var line = StatusEncoder.json(response)
        line.writeInteger(UInt8(ascii: "\n"))
        context.writeAndFlush(wrapOutboundOut(line), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
