import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Answers a handshake that the script refuses, or a request that is none.
final class RefusalHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let client: Int
    private let script: TestWebSocketServer.Script
    private let record: ServerRecord
    private var authorization: String?

    init(client: Int, script: TestWebSocketServer.Script, record: ServerRecord) {
        self.client = client
        self.script = script
        self.record = record
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            authorization = head.headers.first(name: "Authorization")
            record.received(head, from: client)
        case .body: break
        case .end: answer(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        record.closed(client)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The upgrader reports its refusal as an error; the answer to it is ours.
        if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
    }

    private func answer(_ context: ChannelHandlerContext) {
        var status = 400
        var headers: [(name: String, value: String)] = []
        var body = "not a WebSocket handshake\n"
        if case .refuse(let givenStatus, let givenHeaders, let givenBody) = script.handshake {
            (status, headers, body) = (givenStatus, givenHeaders, givenBody)
        }
        if case .authorize(let judge) = script.handshake { status = judge(authorization) }
        var all = HTTPHeaders(headers.map { ($0.name, $0.value) })
        if !all.contains(name: "Content-Length") { all.add(name: "Content-Length", value: "\(body.utf8.count)") }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: all)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// Answers the first request's head with given bytes, whatever they are, or with nothing.
final class RawAnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var answer: [UInt8]?
    private let closes: Bool
    private let client: Int
    private let record: ServerRecord
    private var request: [UInt8] = []

    init(answer: [UInt8]?, closes: Bool, client: Int, record: ServerRecord) {
        self.answer = answer
        self.closes = closes
        self.client = client
        self.record = record
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        request += unwrapInboundIn(data).readableBytesView
        guard request.suffix(4).elementsEqual("\r\n\r\n".utf8), let answer else { return }
        self.answer = nil
        let sent = context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)))
        guard closes else { return }
        let channel = context.channel
        sent.whenComplete { _ in channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        record.closed(client)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
