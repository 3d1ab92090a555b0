import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket server that plays a cloud feed: trades, now and then an alarm; it tells what it is sent.
struct DemoFeed {
    private let channel: any Channel
    let port: Int

    /// Listens on a free loopback port.
    static func start(on eventLoop: any EventLoop, report: DemoReport) async throws -> DemoFeed {
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DemoFeedSession(report))
                }
            }
        )
        let channel = try await ServerBootstrap(group: eventLoop)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline(
                    withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in })
                )
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return DemoFeed(channel: channel, port: channel.localAddress?.port ?? 0)
    }

    func stop() async { try? await channel.close() }
}

/// One client of the feed.
private final class DemoFeedSession: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private static let interval = TimeAmount.milliseconds(700)
    private static let symbols = ["BTC", "ETH", "XMR"]

    private let report: DemoReport
    private var number = 0
    private var timer: Scheduled<Void>?

    init(_ report: DemoReport) {
        self.report = report
    }

    func handlerAdded(context: ChannelHandlerContext) {
        schedule(context)
    }

    private func schedule(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.interval) {
            self.send(self.nextMessage(), context)
            self.schedule(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    private func nextMessage() -> String {
        number += 1
        if number.isMultiple(of: 3) {
            return #"{"type":"alarm","level":"high","text":"door \#(number / 3) is open"}"#
        }
        let symbol = Self.symbols[number % Self.symbols.count]
        return #"{"type":"trade","symbol":"\#(symbol)","price":\#(100 + number * 7 % 13),"number":\#(number)}"#
    }

    private func send(_ text: String, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary: received(String(buffer: frame.unmaskedData))
        case .ping:
            let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .connectionClose:
            let close = WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(close)).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
        default: break
        }
    }

    private func received(_ text: String) {
        switch text {
        case _ where text.hasSuffix("over MQTT"): report.arrived(.fromMQTT, text)
        case _ where text.hasSuffix("over UDP"): report.arrived(.fromUDP, text)
        case _ where text.hasSuffix("through a FIFO"): report.arrived(.fromFIFO, text)
        default: report.say("  the feed was sent   \(text)")
        }
    }
}
