import NIOCore
import NIOPosix
import TLS
import WSClient

/// One request to a token endpoint and its answer, over the one TLS policy, within one deadline.
///
/// Confined to its event loop.
final class TokenExchange: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// No answer that says a token is larger.
    private static let mostBytes = 64 << 10

    private let request: OAuthRequest
    private let configuration: OAuthConfiguration
    private let dial: TCPDial
    private let userAgent: String?
    private let eventLoop: any EventLoop
    private let warn: (String) -> Void
    private var promise: EventLoopPromise<TokenEndpointAnswer>?
    private var timer: Scheduled<Void>?
    private var channel: (any Channel)?
    private var reader = HTTPAnswerReader(limit: mostBytes)

    private var endpoint: TokenEndpointAddress { configuration.tokenEndpoint }

    init(
        _ request: OAuthRequest,
        with configuration: OAuthConfiguration,
        over dial: TCPDial,
        userAgent: String?,
        eventLoop: any EventLoop,
        warn: @escaping (String) -> Void
    ) {
        self.request = request
        self.configuration = configuration
        self.dial = dial
        self.userAgent = userAgent
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
            try pipeline.addHandler(self)
            try channel.syncOptions?.setOption(.autoRead, value: true)
            send(on: channel)
        } catch {
            fail(error)
        }
    }

    private func send(on channel: any Channel) {
        var text = ByteBuffer(string: "POST \(endpoint.url.path) HTTP/1.1\r\nHost: \(endpoint.server)\r\n")
        if let userAgent { text.writeString("User-Agent: \(userAgent)\r\n") }
        text.writeString("Accept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n")
        text.writeString("Content-Length: \(request.body.utf8.count)\r\nConnection: close\r\n")
        if let authorization = request.authorization { text.writeString("Authorization: \(authorization)\r\n") }
        text.writeString("\r\n\(request.body)")
        channel.pipeline.syncOperations.writeAndFlush(wrapOutboundOut(text), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard promise != nil else { return }
        do throws(HTTPAnswerReader.Failure) {
            if let answer = try reader.receive(&buffer) { finish(.success(TokenEndpointAnswer(answer))) }
        } catch {
            fail(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error) }

    func channelInactive(context: ChannelHandlerContext) {
        if promise != nil {
            do throws(HTTPAnswerReader.Failure) {
                finish(.success(TokenEndpointAnswer(try reader.ended())))
            } catch {
                fail(error)
            }
        }
        context.fireChannelInactive()
    }

    private func fail(_ failure: HTTPAnswerReader.Failure) {
        switch failure {
        case .notHTTP: fail("did not answer with HTTP")
        case .bodyTooLarge: fail("answered with more than 64 KiB")
        case .cutOff: fail("closed the connection before its answer was complete")
        }
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
