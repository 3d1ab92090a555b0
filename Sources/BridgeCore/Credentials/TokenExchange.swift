import NIOCore
import NIOHTTP1
import NIOPosix
import TLS
import WSClient

/// One request to a token endpoint and its answer, over the one TLS policy, within one deadline.
///
/// Confined to its event loop.
final class TokenExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// No answer that says a token is larger.
    private static let mostBytes = 64 << 10

    private let request: OAuthRequest
    private let configuration: OAuthConfiguration
    private let dial: TCPDial
    private let eventLoop: any EventLoop
    private let warn: (String) -> Void
    private var promise: EventLoopPromise<TokenEndpointAnswer>?
    private var timer: Scheduled<Void>?
    private var channel: (any Channel)?
    private var answer: TokenEndpointAnswer?

    private var endpoint: TokenEndpointAddress { configuration.tokenEndpoint }

    init(
        _ request: OAuthRequest,
        with configuration: OAuthConfiguration,
        over dial: TCPDial,
        eventLoop: any EventLoop,
        warn: @escaping (String) -> Void
    ) {
        self.request = request
        self.configuration = configuration
        self.dial = dial
        self.eventLoop = eventLoop
        self.warn = warn
    }

    func start() -> EventLoopFuture<TokenEndpointAnswer> {
        let promise = eventLoop.makePromise(of: TokenEndpointAnswer.self)
        self.promise = promise
        let limit = TimeAmount(configuration.timeout)
        timer = eventLoop.assumeIsolated().scheduleTask(in: limit) {
            self.timeIsOver()
        }
        let tls: TLSContext?
        do {
            tls =
                endpoint.url.isSecure
                ? try TLSContext(configuration.tls, host: endpoint.url.host, applicationProtocols: ["http/1.1"]) : nil
        } catch {
            fail(error)
            return promise.futureResult
        }
        for warning in tls?.warnings ?? [] { warn("oauth2: \(warning)") }
        dial.open(timeout: limit + .seconds(1), on: eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel, tls)
            case .failure(let error): self.fail(error)
            }
        }
        return promise.futureResult
    }

    private func connected(_ channel: any Channel, _ tls: TLSContext?) {
        guard promise != nil else { return channel.close(promise: nil) }
        self.channel = channel
        do {
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(TLSClientHandler(context: tls)) }
            try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
            try pipeline.addHandler(self)
            try channel.syncOptions?.setOption(.autoRead, value: true)
            send(on: channel)
        } catch {
            fail(error)
        }
    }

    private func send(on channel: any Channel) {
        var headers: HTTPHeaders = [
            "Host": endpoint.server,
            "User-Agent": "wsbridge",
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": "\(request.body.utf8.count)",
            "Connection": "close",
        ]
        if let authorization = request.authorization { headers.add(name: "Authorization", value: authorization) }
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: endpoint.url.path, headers: headers)
        let pipeline = channel.pipeline.syncOperations
        pipeline.write(wrapOutboundOut(.head(head)), promise: nil)
        pipeline.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: request.body)))), promise: nil)
        pipeline.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // 1xx comes before the answer.
            guard head.status.code >= 200 else { return }
            answer = TokenEndpointAnswer(
                status: Int(head.status.code),
                retryAfter: head.headers.first(name: "Retry-After"),
                body: []
            )
        case .body(let part):
            answer?.body += part.readableBytesView
            if let answer, answer.body.count > Self.mostBytes { fail("answered with more than 64 KiB") }
        case .end:
            guard let answer else { return }
            finish(.success(answer))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? HTTPParserError {
        case .invalidEOFState?: fail("closed the connection before its answer was complete")
        case .some: fail("did not answer with HTTP")
        case nil: fail(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("closed the connection before its answer was complete")
        context.fireChannelInactive()
    }

    private func timeIsOver() {
        let limit = Quantity.text(configuration.timeout.milliseconds, units: Quantity.durations)
        guard let proxy = dial.proxy, channel == nil else { return fail("did not answer within \(limit)") }
        let way = "no way through \(proxy.name) to \(endpoint.server) within \(limit)"
        fail(WebSocketCredentialError(way, needsPerson: false))
    }

    private func fail(_ what: String) {
        finish(.failure(WebSocketCredentialError("the token endpoint \(endpoint) \(what)", needsPerson: false)))
    }

    private func fail(_ error: any Error) {
        var failure = WebSocketCredentialError(error, server: endpoint.server)
        failure.reason = "no token: \(failure.reason)"
        finish(.failure(failure))
    }

    private func finish(_ result: Result<TokenEndpointAnswer, any Error>) {
        let promise = promise
        self.promise = nil
        timer?.cancel()
        channel?.close(promise: nil)
        promise?.completeWith(result)
    }
}
