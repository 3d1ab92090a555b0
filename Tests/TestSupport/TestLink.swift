import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix

/// A TCP relay on a free loopback port: a network between two programs, which a test may cut, slow down or turn away.
///
/// Made by `withLink`; used from any thread.
package final class TestLink: Sendable {
    package enum Mode: Sendable {
        case forwarding
        /// What comes arrives so much later, in order.
        case slow(TimeAmount)
        /// New connections are answered with these bytes, and closed.
        case answering([UInt8])
    }

    private struct State {
        var mode = Mode.forwarding
        var channels: [any Channel] = []
        var accepted = 0
    }

    package let port: Int
    private let listener: any Channel
    private let state: NIOLockedValueBox<State>

    fileprivate init(to port: Int) async throws {
        let state = NIOLockedValueBox(State())
        self.state = state
        listener = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { near in
                state.withLockedValue { $0.accepted += 1 }
                if case .answering(let bytes) = state.withLockedValue({ $0.mode }) {
                    // After the client said what it wants.
                    return near.eventLoop.makeCompletedFuture {
                        try near.pipeline.syncOperations.addHandler(Refusal(bytes: bytes))
                    }.flatMap { near.setOption(.autoRead, value: true) }
                }
                return ClientBootstrap(group: near.eventLoop).channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { far in
                        try near.pipeline.syncOperations.addHandler(Relay(to: far, state))
                        try far.pipeline.syncOperations.addHandler(Relay(to: near, state))
                        state.withLockedValue { $0.channels += [near, far] }
                        return far
                    }
                    .flatMap { far in
                        near.setOption(.autoRead, value: true).flatMap { far.setOption(.autoRead, value: true) }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = listener.localAddress?.port ?? 0
    }

    /// How the link behaves from now on.
    package var mode: Mode {
        get { state.withLockedValue { $0.mode } }
        set { state.withLockedValue { $0.mode = newValue } }
    }

    /// How many connections came.
    package var accepted: Int { state.withLockedValue { $0.accepted } }

    /// Ends every connection in the middle of whatever goes on.
    package func cut() async {
        let channels = state.withLockedValue { state in
            defer { state.channels = [] }
            return state.channels
        }
        for channel in channels { try? await channel.close() }
    }

    fileprivate func close() async {
        try? await listener.close()
        await cut()
    }

    private final class Relay: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let peer: any Channel
        private let state: NIOLockedValueBox<State>

        init(to peer: any Channel, _ state: NIOLockedValueBox<State>) {
            self.peer = peer
            self.state = state
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            guard case .slow(let delay) = state.withLockedValue({ $0.mode }) else {
                return peer.writeAndFlush(bytes, promise: nil)
            }
            let peer = peer
            context.eventLoop.scheduleTask(in: delay) { peer.writeAndFlush(bytes, promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            peer.close(promise: nil)
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class Refusal: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let bytes: [UInt8]

        init(bytes: [UInt8]) { self.bytes = bytes }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let channel = context.channel
            channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in channel.close(promise: nil) }
        }
    }
}

/// A relay to the loopback port for the duration of `body`.
package func withLink<Result>(
    to port: Int,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TestLink) async throws -> Result
) async throws -> Result {
    let link = try await TestLink(to: port)
    do {
        let result = try await body(link)
        await link.close()
        return result
    } catch {
        await link.close()
        throw error
    }
}
