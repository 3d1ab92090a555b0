import NIOCore
import NIOWebSocket

/// The server's side of an established WebSocket.
final class ServerFrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let client: Int
    private let script: TestWebSocketServer.Script
    private let record: ServerRecord
    private var fragments: (isText: Bool, payload: [UInt8], count: Int)?

    init(client: Int, script: TestWebSocketServer.Script, record: ServerRecord) {
        self.client = client
        self.script = script
        self.record = record
    }

    func handlerAdded(context: ChannelHandlerContext) {
        record.established(client)
        if !script.onEstablished.isEmpty {
            _ = Self.send(script.onEstablished, on: context.channel)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if frame.maskKey == nil { record.violation("unmasked \(frame.opcode)") }
        let payload = Array(buffer: frame.unmaskedData)
        switch frame.opcode {
        case .text, .binary:
            if fragments != nil { record.violation("a new message inside a fragmented one") }
            fragments = (frame.opcode == .text, payload, 1)
            if frame.fin { finishMessage(context) }
        case .continuation:
            guard fragments != nil else { return record.violation("a continuation of nothing") }
            fragments?.payload += payload
            fragments?.count += 1
            if frame.fin { finishMessage(context) }
        case .ping:
            record.receivedPing(from: client)
            if script.endsAtPing {
                _ = Self.send([.endTCP], on: context.channel)
            } else if script.answersPings {
                _ = Self.send([.pong(script.pongPayload ?? payload)], on: context.channel)
            }
        case .pong:
            record.receivedPong(payload)
        case .connectionClose:
            receivedClose(payload, context)
        default:
            record.violation("\(frame.opcode)")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        record.closed(client)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOWebSocketError { record.violation("\(error)") }
        context.close(promise: nil)
    }

    private func finishMessage(_ context: ChannelHandlerContext) {
        guard let (isText, payload, count) = fragments else { return }
        fragments = nil
        record.received(.init(client: client, isText: isText, payload: payload, frameCount: count))
        if script.echoes {
            _ = Self.send([.fragments([payload], isText: isText)], on: context.channel)
        }
        if isText, let answers = script.answers {
            _ = Self.send(answers(String(decoding: payload, as: UTF8.self)), on: context.channel)
        }
    }

    private func receivedClose(_ payload: [UInt8], _ context: ChannelHandlerContext) {
        let code = payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : 1005
        record.receivedClose(code, String(decoding: payload.dropFirst(2), as: UTF8.self), from: client)
        guard script.answersClose else { return }
        let close = WebSocketFrame(fin: true, opcode: .connectionClose, data: ByteBuffer(bytes: payload.prefix(2)))
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(close)).whenComplete { _ in channel.close(promise: nil) }
    }

    /// Sends in order, on the event loop; the future completes when the kernel has taken it all.
    static func send(_ sendings: [TestWebSocketServer.Sending], on channel: any Channel) -> EventLoopFuture<Void> {
        var last = channel.eventLoop.makeSucceededVoidFuture()
        for sending in sendings {
            last = write(sending, on: channel)
        }
        channel.flush()
        return last
    }

    private static func write(_ sending: TestWebSocketServer.Sending, on channel: any Channel) -> EventLoopFuture<Void>
    {
        func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8], fin: Bool = true) -> EventLoopFuture<Void> {
            channel.write(WebSocketFrame(fin: fin, opcode: opcode, data: ByteBuffer(bytes: payload)))
        }
        switch sending {
        case .text(let text): return frame(.text, Array(text.utf8))
        case .binary(let payload): return frame(.binary, payload)
        case .fragments(let parts, let isText):
            var last = channel.eventLoop.makeSucceededVoidFuture()
            for (index, part) in parts.enumerated() {
                let opcode: WebSocketOpcode = index > 0 ? .continuation : isText ? .text : .binary
                last = frame(opcode, part, fin: index == parts.count - 1)
            }
            return last
        case .ping(let payload): return frame(.ping, payload)
        case .pong(let payload): return frame(.pong, payload)
        case .close(let code, let reason):
            return frame(.connectionClose, [UInt8(code >> 8), UInt8(code & 0xff)] + Array(reason.utf8))
        case .closeWithoutCode: return frame(.connectionClose, [])
        case .raw(let bytes):
            do {
                let encoder = try channel.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
                return encoder.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)))
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        case .endTCP:
            channel.flush()
            return channel.close()
        }
    }
}
