import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import TLS

@Suite("over real sockets")
struct SocketTests {
    @Test("16 MiB go there and back")
    func thereAndBack() async throws {
        let authority = try Authority()
        let identity = try authority.issue("IP:127.0.0.1")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let total = 16 << 20
        let context = try TLSContext(authority.trust(), host: "127.0.0.1")
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EchoServer(ServerPeer(identity)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let done = group.next().makePromise(of: Int.self)
        let client = try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(20))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let sync = channel.pipeline.syncOperations
                    try sync.addHandlers(TLSClientHandler(context: context), Exchange(total: total, done: done))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        #expect(try await done.futureResult.get() == total)
        try await client.closeFuture.get()
        try await server.close()
        try await group.shutdownGracefully()
    }
}

/// Sends `total` bytes as fast as the channel takes them and checks what comes back.
private final class Exchange: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let total: Int
    private let done: EventLoopPromise<Int>
    private var sent = 0
    private var received = 0
    private var isRight = true

    private static let period = 65_521
    private let pattern: ByteBuffer

    init(total: Int, done: EventLoopPromise<Int>) {
        self.total = total
        self.done = done
        var random = SeededGenerator(seed: 4)
        let period = random.bytes(Self.period)
        pattern = ByteBuffer(bytes: Array((0..<6).map { _ in period }.joined()))
    }

    /// The bytes from `position` on, of a pattern that doesn't fall in step with records or reads.
    private func expected(at position: Int, count: Int) -> ByteBuffer? {
        pattern.getSlice(at: position % Self.period, length: count)
    }

    private func sendMore(_ context: ChannelHandlerContext) {
        while sent < total, context.channel.isWritable {
            let count = min(total - sent, 10_000)
            guard let bytes = expected(at: sent, count: count) else { return }
            sent += count
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandshakeCompleted { sendMore(context) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        sendMore(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        isRight = isRight && bytes == expected(at: received, count: bytes.readableBytes)
        received += bytes.readableBytes
        guard received == total else { return }
        done.succeed(isRight ? received : -1)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(TLSError.closed)
    }
}

/// Gives back what it got.
private final class EchoServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let peer: ServerPeer
    private var echoed = 0

    init(_ peer: ServerPeer) {
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        peer.take(Array(unwrapInboundIn(data).readableBytesView))
        if peer.received.count > echoed {
            peer.send(Array(peer.received[echoed...]))
            echoed = peer.received.count
        }
        let bytes = peer.give()
        if !bytes.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil) }
        if peer.hasReceivedEnd { context.close(promise: nil) }
    }
}
