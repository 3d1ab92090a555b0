import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket server on a free loopback port that does what a test's script says and records what it gets.
///
/// Made by `withWebSocketServer`; used from any thread.
package final class TestWebSocketServer: Sendable {
    package let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    let record: ServerRecord

    /// `ws://127.0.0.1:PORT`.
    package var url: String { "ws://127.0.0.1:\(port)" }

    fileprivate init(script: Script, host: String, port: Int?) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let record = ServerRecord(script: script)
        self.group = group
        self.record = record
        do {
            listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.backlog, value: 256)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in Self.accept(channel, record) }
                .bind(host: host, port: port ?? 0).get()
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        self.port = listener.localAddress?.port ?? 0
    }

    /// What the next connections meet.
    package var script: Script {
        get { record.state.withLockedValue { $0.script } }
        set { record.state.withLockedValue { $0.script = newValue } }
    }

    /// What the next connections meet, one script each; the later ones meet `script`.
    package func setNextScripts(_ scripts: [Script]) {
        record.state.withLockedValue { $0.nextScripts = scripts }
    }

    /// Every TCP connection until now, in order of arrival.
    package var clients: [Client] { record.state.withLockedValue { $0.clients } }

    /// How many TCP connections were accepted.
    package var acceptedCount: Int { record.state.withLockedValue { $0.clients.count } }

    /// How many clients are established now.
    package var establishedCount: Int { clients.count { $0.isEstablished } }

    /// The data messages of all clients, in order of arrival.
    package var messages: [Message] { record.state.withLockedValue { $0.messages } }

    package var messageCount: Int { record.state.withLockedValue { $0.messages.count } }

    /// The text of all messages, in order of arrival.
    package var texts: [String] { messages.map(\.text) }

    /// How many pings clients sent.
    package var pingCount: Int { clients.reduce(0) { $0 + $1.pingCount } }

    /// The payloads of the pongs that clients sent.
    package var pongs: [[UInt8]] { record.state.withLockedValue { $0.pongs } }

    /// What clients did wrong: unmasked frames, unexpected continuations, and so on.
    package var violations: [String] { record.state.withLockedValue { $0.violations } }

    /// Waits until `count` clients are established at the same time.
    package func waitForEstablished(_ count: Int = 1, within limit: Duration = .seconds(20)) async throws {
        try await eventually("\(count) established clients", within: limit) { establishedCount >= count }
    }

    /// Waits until `count` messages arrived.
    package func waitForMessages(_ count: Int, within limit: Duration = .seconds(20)) async throws {
        do {
            try await eventually("\(count) messages at the server", within: limit) { messageCount >= count }
        } catch {
            throw DeadlinePassed("\(count) messages at the server", within: limit, context: "there are \(messageCount)")
        }
    }

    /// Sends to every established client, in order, and returns when the kernel has taken it all.
    package func send(_ sendings: [Sending]) async throws {
        for client in clients where client.isEstablished {
            try await client.send(sendings)
        }
    }

    package func send(_ sendings: Sending...) async throws { try await send(sendings) }

    /// Sends a text message to every established client.
    package func send(_ text: String) async throws { try await send([.text(text)]) }

    /// Stops reading from every client, so that their sockets fill up.
    package func pauseReading() async throws { try await setReading(false) }

    package func resumeReading() async throws { try await setReading(true) }

    private func setReading(_ isReading: Bool) async throws {
        for client in clients where !client.isClosed {
            try await client.channel.setOption(.autoRead, value: isReading).get()
        }
    }

    /// Ends every TCP connection without a close frame.
    package func dropAll() async {
        for client in clients { try? await client.channel.close() }
    }

    fileprivate func stop() async {
        try? await listener.close()
        await dropAll()
        try? await group.shutdownGracefully()
    }

    private static func accept(_ channel: any Channel, _ record: ServerRecord) -> EventLoopFuture<Void> {
        let (client, script) = record.accepted(channel)
        switch script.handshake {
        case .accept, .authorize, .refuse:
            return upgrade(channel, client, script, record)
        case .raw(let bytes, let closes):
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    RawAnswerHandler(answer: bytes, closes: closes, client: client, record: record)
                )
            }
        case .silent:
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    RawAnswerHandler(answer: nil, closes: false, client: client, record: record)
                )
            }
        case .closeTCP:
            record.closed(client)
            return channel.close()
        }
    }

    private static func upgrade(
        _ channel: any Channel,
        _ client: Int,
        _ script: Script,
        _ record: ServerRecord
    ) -> EventLoopFuture<Void> {
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: Int(UInt32.max),
            automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                record.received(head, from: client)
                switch script.handshake {
                case .accept(let headers):
                    return channel.eventLoop.makeSucceededFuture(HTTPHeaders(headers.map { ($0.name, $0.value) }))
                case .authorize(let judge) where judge(head.headers.first(name: "Authorization")) == 101:
                    return channel.eventLoop.makeSucceededFuture(HTTPHeaders())
                case .authorize, .refuse, .raw, .silent, .closeTCP:
                    return channel.eventLoop.makeSucceededFuture(nil)
                }
            },
            upgradePipelineHandler: { channel, _ in
                channel.pipeline.removeHandler(name: "refusal").flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(
                        ServerFrameHandler(client: client, script: script, record: record)
                    )
                }
            }
        )
        return channel.pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in })
        ).flatMapThrowing {
            try channel.pipeline.syncOperations.addHandler(
                RefusalHandler(client: client, script: script, record: record),
                name: "refusal"
            )
        }
    }
}

/// Runs a WebSocket server for the duration of `body`.
///
/// Without `port` it takes a free one.
package func withWebSocketServer<Result>(
    _ script: TestWebSocketServer.Script = .init(),
    host: String = "127.0.0.1",
    port: Int? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TestWebSocketServer) async throws -> Result
) async throws -> Result {
    let server = try await TestWebSocketServer(script: script, host: host, port: port)
    do {
        let result = try await body(server)
        await server.stop()
        return result
    } catch {
        await server.stop()
        throw error
    }
}
