import NIOCore
import TLS

/// Speaks with a proxy until the way to the server is open, then makes room for what follows.
///
/// Confined to its event loop.
final class ProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var negotiation: any ProxyNegotiation
    private let name: String
    private var hasBegun = false
    /// Gone once it was told; `nil` is the open way.
    private var report: ((ConnectionFailure?) -> Void)?

    init(_ negotiation: any ProxyNegotiation, name: String, report: @escaping (ConnectionFailure?) -> Void) {
        self.negotiation = negotiation
        self.name = name
        self.report = report
    }

    /// The refusal of the proxy on this channel, as far as it is known, if the time is over now.
    static func knownFailure(on channel: any Channel) -> ConnectionFailure? {
        try? channel.pipeline.syncOperations.handler(type: ProxyHandler.self).negotiation.knownFailure
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard !hasBegun else { return }
        hasBegun = true
        context.writeAndFlush(wrapOutboundOut(negotiation.greeting), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        while report != nil, buffer.readableBytes > 0 {
            switch negotiation.received(&buffer) {
            case .keepReading: break
            case .send(let answer): context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            case .open:
                context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
                finish(nil)
            case .failed(let failure): finish(failure)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(negotiation.knownFailure ?? ConnectionFailure(error, server: name))
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(negotiation.knownFailure ?? ConnectionFailure("\(name) closed the connection before it led anywhere"))
        context.fireChannelInactive()
    }

    private func finish(_ failure: ConnectionFailure?) {
        let report = report
        self.report = nil
        report?(failure)
    }
}

extension WebSocketProxy {
    /// Asks this proxy, to which the channel is connected, for the way to a server, and has the channel read.
    ///
    /// `report` hears `nil` once the way is open: what the channel's pipeline gets then is for the server.
    func openWay(
        to url: WebSocketURL,
        on channel: any Channel,
        caFile: String?,
        userAgent: String?,
        report: @escaping (ConnectionFailure?) -> Void
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if kind == .https {
            // The same trust store; our certificate and pins are for the server.
            let trust = TLSConfiguration(caFile: caFile)
            try pipeline.addHandler(TLSClientHandler(context: TLSContext(trust, host: host)))
        }
        try pipeline.addHandler(ProxyHandler(negotiation(for: url, userAgent: userAgent), name: name, report: report))
        try channel.syncOptions?.setOption(.autoRead, value: true)
    }
}
