import Logging
import NIOCore
import NIOPosix
import WSClient

/// One connection: echoes what comes, and tells how it ended.
///
/// Confined to its event loop.
final class Session: WebSocketClientDelegate {
    struct End: Sendable {
        var wasEstablished: Bool
        var reason: String
        var lastText: String
    }

    private let client: WebSocketClient
    private let echoes: Bool
    private let ended: EventLoopPromise<End>
    private var wasEstablished = false
    private var lastText = ""
    /// What the network had no room for: reading waits until it is gone.
    private var unsent: CircularBuffer<WebSocketMessageBatch> = []

    static func run(
        _ configuration: WebSocketClientConfiguration,
        echoes: Bool,
        logsMessages: Bool,
        logger: Logger
    ) async throws -> End {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        return try await eventLoop.flatSubmit {
            let client = WebSocketClient(configuration: configuration, eventLoop: eventLoop, logger: logger)
            client.logComms = logsMessages
            let session = Session(client, echoes: echoes)
            client.connect()
            let keptAlive = NIOLoopBound(session, eventLoop: eventLoop)
            return session.ended.futureResult.always { _ in _ = keptAlive.value }
        }.get()
    }

    private init(_ client: WebSocketClient, echoes: Bool) {
        self.client = client
        self.echoes = echoes
        ended = client.eventLoop.makePromise()
        client.delegate = self
    }

    func webSocketClient(_ client: WebSocketClient, received batch: WebSocketMessageBatch) {
        guard echoes else {
            if let last = batch.messages.last { lastText = batch.text(of: last) }
            return
        }
        unsent.append(batch)
        sendUnsent()
    }

    func webSocketClientBecameWritable(_ client: WebSocketClient) {
        sendUnsent()
    }

    private func sendUnsent() {
        while var batch = unsent.popFirst() {
            batch.messages.removeFirst(client.send(batch))
            guard batch.isEmpty else {
                unsent.prepend(batch)
                return client.pauseReading()
            }
        }
        client.resumeReading()
    }

    func webSocketClient(_ client: WebSocketClient, establishedWith subprotocol: String?) {
        wasEstablished = true
    }

    func webSocketClient(_ client: WebSocketClient, changed status: WebSocketClientStatus) {
        guard status.state == .disconnected || status.state == .fault else { return }
        ended.succeed(End(wasEstablished: wasEstablished, reason: status.reason ?? "", lastText: lastText))
    }
}
