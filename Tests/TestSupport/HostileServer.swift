package import NIOCore
import NIOPosix
import Synchronization

/// A TCP server that plays an act to each client: bytes as they are, resets, silence, floods.
///
/// Made by `withHostileServers`; used from any thread.
package final class HostileServer: Sendable {
    /// One step of an act; the next one begins when it is done.
    package enum Step: Sendable {
        /// Waits for the request's head.
        case readRequest
        /// Sends text in which `ACCEPT` becomes the right `Sec-WebSocket-Accept` of the request.
        case answer(String)
        /// Sends these bytes.
        case send([UInt8])
        /// Sends these bytes one by one, with a pause between.
        case drip([UInt8], every: TimeAmount)
        /// Sends these bytes again and again as fast as they are taken, for as long as the client stays.
        case flood([UInt8])
        /// Reads nothing from here on.
        case stopReading
        /// Waits for the client's close frame.
        case awaitClose
        /// Waits until the client goes.
        case awaitEnd
        /// Ends TCP in order.
        case end
        /// Ends TCP with a reset.
        case reset
    }

    /// What became of an act.
    package struct Record: Sendable {
        package var clientCount = 0
        /// The code of the client's close frame; 1005 where it held none.
        package var closeCode: UInt16?
        /// How much the network took of what was sent, in bytes.
        package var sentCount = 0
        /// In bytes, frames after the handshake.
        package var receivedCount = 0
    }

    package let port: Int
    private let listener: any Channel
    private let log: HostileLog

    package var url: String { "ws://127.0.0.1:\(port)" }
    package var record: Record { log.state.withLock { $0.record } }

    fileprivate init(_ steps: [Step], on group: any EventLoopGroup) async throws {
        let log = HostileLog()
        self.log = log
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                log.accepted(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(HostileHandler(steps, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    fileprivate func stop() async {
        try? await listener.close()
        for client in log.state.withLock({ $0.clients }) { try? await client.close() }
    }
}

/// Runs one server for each act, all on one thread, for the duration of `body`.
package func withHostileServers<Result>(
    _ acts: [[HostileServer.Step]],
    isolation: isolated (any Actor)? = #isolation,
    _ body: ([HostileServer]) async throws -> Result
) async throws -> Result {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var servers: [HostileServer] = []
    do {
        for steps in acts { servers.append(try await HostileServer(steps, on: group)) }
        let result = try await body(servers)
        for server in servers { await server.stop() }
        try? await group.shutdownGracefully()
        return result
    } catch {
        for server in servers { await server.stop() }
        try? await group.shutdownGracefully()
        throw error
    }
}

/// What a server's event loop writes and tests read.
final class HostileLog: Sendable {
    struct State {
        var record = HostileServer.Record()
        var clients: [any Channel] = []
    }

    let state = Mutex(State())

    func accepted(_ channel: any Channel) {
        state.withLock { state in
            state.record.clientCount += 1
            state.clients.append(channel)
        }
    }

    func sent(_ count: Int) { state.withLock { $0.record.sentCount += count } }
    func received(_ count: Int) { state.withLock { $0.record.receivedCount += count } }
    func receivedClose(_ code: UInt16) { state.withLock { $0.record.closeCode = code } }
}
