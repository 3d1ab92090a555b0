import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport

@testable import WSClient

/// A client on an event loop of its own that records what it is told; used from any thread.
final class RunningClient: Sendable {
    private struct Record {
        var texts: [String] = []
        var sizes: [Int] = []
        var status: WebSocketClientStatus?
        var end: WebSocketDisconnection?
        var writableCount = 0
    }

    private let record = NIOLockedValueBox(Record())
    private let client: NIOLoopBound<WebSocketClient>
    private let listener: NIOLoopBoundBox<Listener?>

    var texts: [String] { record.withLockedValue { $0.texts } }
    var sizes: [Int] { record.withLockedValue { $0.sizes } }
    var status: WebSocketClientStatus? { record.withLockedValue { $0.status } }
    var end: WebSocketDisconnection? { record.withLockedValue { $0.end } }
    var writableCount: Int { record.withLockedValue { $0.writableCount } }

    fileprivate init(_ configuration: WebSocketClientConfiguration, on eventLoop: any EventLoop) {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .trace
        let client = WebSocketClient(configuration: configuration, eventLoop: eventLoop, logger: logger)
        client.logComms = true
        self.client = NIOLoopBound(client, eventLoop: eventLoop)
        listener = NIOLoopBoundBox(nil, eventLoop: eventLoop)
        let listener = Listener(self)
        self.listener.value = listener
        client.delegate = listener
        client.connect()
    }

    func perform(_ body: @escaping @Sendable (WebSocketClient) -> Void) async throws {
        let client = client
        try await client.eventLoop.submit { body(client.value) }.get()
    }

    /// Whether the text was taken.
    func offer(_ text: String) async throws -> Bool {
        let client = client
        return try await client.eventLoop.submit { client.value.send(text: text) }.get()
    }

    func send(_ text: String) async throws {
        try await eventually("room for a message") { try await offer(text) }
    }

    fileprivate func shutdown() async throws {
        let client = client
        let promise = client.eventLoop.makePromise(of: Void.self)
        client.eventLoop.execute { client.value.shutdown { promise.succeed() } }
        try await promise.futureResult.get()
    }

    private final class Listener: WebSocketClientDelegate {
        private weak var owner: RunningClient?

        init(_ owner: RunningClient) { self.owner = owner }

        func webSocketClient(_ client: WebSocketClient, received batch: WebSocketMessageBatch) {
            owner?.record.withLockedValue { record in
                for message in batch.messages {
                    record.sizes.append(Int(message.length))
                    if message.kind == .text { record.texts.append(batch.text(of: message)) }
                }
            }
        }

        func webSocketClient(_ client: WebSocketClient, changed status: WebSocketClientStatus) {
            owner?.record.withLockedValue { $0.status = status }
        }

        func webSocketClient(_ client: WebSocketClient, disconnected end: WebSocketDisconnection) {
            owner?.record.withLockedValue { $0.end = end }
        }

        func webSocketClientBecameWritable(_ client: WebSocketClient) {
            owner?.record.withLockedValue { $0.writableCount += 1 }
        }
    }
}

/// Runs a client that connects at once, for the duration of `body`.
///
/// It comes back within 10 ms after a loss, unless told otherwise.
func withClient<Result>(
    _ url: String,
    _ change: @Sendable (inout WebSocketClientConfiguration) -> Void = { _ in },
    isolation: isolated (any Actor)? = #isolation,
    _ body: (RunningClient) async throws -> Result
) async throws -> Result {
    var configuration = WebSocketClientConfiguration(url: try WebSocketURL(url))
    configuration.reconnect.initialDelay = .milliseconds(10)
    configuration.reconnect.maxDelay = .milliseconds(50)
    change(&configuration)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let eventLoop = group.next()
    do {
        let ready = configuration
        let client = try await eventLoop.submit { RunningClient(ready, on: eventLoop) }.get()
        let result: Result
        do {
            result = try await body(client)
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
        try await group.shutdownGracefully()
        return result
    } catch {
        try? await group.shutdownGracefully()
        throw error
    }
}
