import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP server on a free loopback port that answers each request as a test says: a token endpoint.
///
/// Made by `withTokenServer`; used from any thread.
package final class TestTokenServer: Sendable {
    package struct Request: Sendable {
        package var method: String
        package var target: String
        package var headers: [(name: String, value: String)]
        package var body: String

        /// The value of a header, whatever its name's case.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    package enum Answer: Sendable {
        case status(Int, headers: [(name: String, value: String)] = [], body: String = "")
        /// These bytes, then TCP ends.
        case raw(String)
        /// Nothing, ever.
        case silent

        /// A token, as RFC 6749 section 5.1 has it.
        package static func token(_ token: String, expiresIn seconds: Int? = nil) -> Answer {
            let expiry = seconds.map { #","expires_in":\#($0)"# } ?? ""
            return .status(200, body: #"{"access_token":"\#(token)","token_type":"Bearer"\#(expiry)}"#)
        }

        /// A refusal, as RFC 6749 section 5.2 has it.
        package static func error(_ status: Int, _ code: String, _ description: String = "") -> Answer {
            .status(status, body: #"{"error":"\#(code)","error_description":"\#(description)"}"#)
        }
    }

    private struct State {
        var requests: [Request] = []
    }

    package let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let record: Mutex<State>

    /// Every request until now.
    package var requests: [Request] { record.withLock { $0.requests } }
    package var requestCount: Int { requests.count }

    fileprivate init(_ answer: @escaping @Sendable (Int, Request) -> Answer) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let box = Box()
        do {
            listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                        try channel.pipeline.syncOperations.addHandler(
                            AnswerHandler { request in box.server?.answer(request, answer) ?? .silent }
                        )
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        port = listener.localAddress?.port ?? 0
        record = Mutex(State())
        box.set(self)
    }

    private func answer(_ request: Request, _ answer: (Int, Request) -> Answer) -> Answer {
        let number = record.withLock { state in
            state.requests.append(request)
            return state.requests.count
        }
        return answer(number, request)
    }

    fileprivate func stop() async {
        try? await listener.close()
        try? await group.shutdownGracefully()
    }

    /// The server is made after its listener.
    private final class Box: Sendable {
        private let held = Mutex<TestTokenServer?>(nil)

        var server: TestTokenServer? { held.withLock { $0 } }

        func set(_ server: TestTokenServer) { held.withLock { $0 = server } }
    }
}

/// Runs a server that answers its first, second … request, for the duration of `body`.
package func withTokenServer<Result>(
    isolation: isolated (any Actor)? = #isolation,
    answering answer: @escaping @Sendable (Int, TestTokenServer.Request) -> TestTokenServer.Answer,
    _ body: (TestTokenServer) async throws -> Result
) async throws -> Result {
    let server = try await TestTokenServer(answer)
    do {
        let result = try await body(server)
        await server.stop()
        return result
    } catch {
        await server.stop()
        throw error
    }
}

private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: (TestTokenServer.Request) -> TestTokenServer.Answer
    private var request: TestTokenServer.Request?

    init(answer: @escaping (TestTokenServer.Request) -> TestTokenServer.Answer) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = .init(
                method: head.method.rawValue,
                target: head.uri,
                headers: head.headers.map { ($0.name, $0.value) },
                body: ""
            )
        case .body(let part):
            request?.body += String(buffer: part)
        case .end:
            if let request { write(answer(request), context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func write(_ answer: TestTokenServer.Answer, _ context: ChannelHandlerContext) {
        let channel = context.channel
        switch answer {
        case .silent:
            break
        case .raw(let text):
            // Beside the HTTP encoder.
            let encoder = try? channel.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            encoder?.writeAndFlush(NIOAny(ByteBuffer(string: text))).whenComplete { _ in channel.close(promise: nil) }
        case .status(let status, let headers, let body):
            var all = HTTPHeaders(headers.map { ($0.name, $0.value) })
            all.add(name: "Content-Length", value: "\(body.utf8.count)")
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: all)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
