import NIOCore
import TLS

/// Sends the request and reads the answer's head, on the way from TCP to WebSocket.
///
/// Confined to its event loop.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How the handshake ends.
    ///
    /// Told once.
    enum Outcome {
        /// What came behind the head belongs to the WebSocket connection.
        case established(subprotocol: String?, compression: CompressionAgreement?, rest: ByteBuffer)
        case redirect(location: String)
        case failed(ConnectionFailure)
    }

    /// So many 1xx answers are read over (requirement S3).
    private static let mostInterimAnswers = 5

    private let request: HandshakeRequest
    private let tlsCompleted: (TLSHandshakeCompleted) -> Void
    private var parser = ResponseHeadParser()
    private var interimAnswers = 0
    private var hasSent = false
    /// Its body is being read.
    private var refusal: Refusal?
    private var patience: Scheduled<Void>?
    /// Gone once it was told.
    private var report: ((Outcome) -> Void)?

    init(
        request: HandshakeRequest,
        tlsCompleted: @escaping (TLSHandshakeCompleted) -> Void,
        report: @escaping (Outcome) -> Void
    ) {
        self.request = request
        self.tlsCompleted = tlsCompleted
        self.report = report
    }

    /// The failure as far as it is known, if the time is over now.
    var knownFailure: ConnectionFailure? { refusal?.known }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { send(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        send(context: context)
        context.fireChannelActive()
    }

    private func send(context: ChannelHandlerContext) {
        guard !hasSent else { return }
        hasSent = true
        context.writeAndFlush(wrapOutboundOut(request.bytes), promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSHandshakeCompleted { tlsCompleted(event) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if refusal != nil { return readRefusal(&buffer, context) }
        while report != nil, refusal == nil {
            do {
                guard let head = try parser.parse(&buffer) else { return }
                decide(head, rest: buffer, context)
            } catch {
                finish(.failed(ConnectionFailure(error.description)))
            }
        }
    }

    private func decide(_ head: ResponseHead, rest: ByteBuffer, _ context: ChannelHandlerContext) {
        switch HandshakeVerdict(head, to: request, wallClock: WallClock.now) {
        case .established(let subprotocol, let compression):
            finish(.established(subprotocol: subprotocol, compression: compression, rest: rest))
        case .keepReading:
            interimAnswers += 1
            guard interimAnswers <= Self.mostInterimAnswers else {
                return finish(.failed(ConnectionFailure("server sends one interim answer (1xx) after another")))
            }
        case .redirect(let location):
            finish(.redirect(location: location))
        case .failed(let failure):
            refusal = Refusal(failure, of: head)
            guard refusal != nil else { return finish(.failed(failure)) }
            var rest = rest
            readRefusal(&rest, context)
        }
    }

    private func readRefusal(_ buffer: inout ByteBuffer, _ context: ChannelHandlerContext) {
        guard let isWhole = refusal?.receive(&buffer), let refusal else { return }
        guard !isWhole else { return finish(.failed(refusal.known)) }
        guard !refusal.isFramed else { return }
        patience?.cancel()
        patience = context.eventLoop.assumeIsolated().scheduleTask(in: Refusal.patience) {
            self.finish(.failed(refusal.known))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failed(knownFailure ?? ConnectionFailure(error, server: request.url.server)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        let closed = ConnectionFailure("server closed the connection during the WebSocket handshake")
        finish(.failed(knownFailure ?? closed))
        context.fireChannelInactive()
    }

    private func finish(_ outcome: Outcome) {
        let report = report
        self.report = nil
        patience?.cancel()
        report?(outcome)
    }
}
