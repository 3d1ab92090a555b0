import NIOCore
import NIOPosix

/// Plays the steps of an act on one TCP connection.
final class HostileHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var steps: ArraySlice<HostileServer.Step>
    private let log: HostileLog
    private var context: ChannelHandlerContext?
    private var request: [UInt8] = []
    private var hasRequest = false
    private var frames = ByteBuffer()
    private var hasClose = false
    /// A step waits for the network, the clock or the client.
    private var isBusy = false

    init(_ steps: [HostileServer.Step], _ log: HostileLog) {
        self.steps = steps[...]
        self.log = log
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        proceed()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        steps = []
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if !hasRequest {
            while !hasRequest, let byte: UInt8 = buffer.readInteger() {
                request.append(byte)
                hasRequest = request.suffix(4).elementsEqual("\r\n\r\n".utf8)
            }
        }
        log.received(buffer.readableBytes)
        take(frames: &buffer)
        if !isBusy { proceed() }
    }

    private func proceed() {
        while !isBusy, let context, let step = steps.first {
            switch step {
            case .readRequest where !hasRequest, .awaitClose where !hasClose, .awaitEnd: return
            case .readRequest, .awaitClose: steps.removeFirst()
            case .answer where !hasRequest: return
            case .answer(let text):
                steps.removeFirst()
                send(Array(text.replacing("ACCEPT", with: webSocketAccept(ofRequest: request)).utf8))
            case .send(let bytes):
                steps.removeFirst()
                send(bytes)
            case .drip(let bytes, let pause): drip(bytes[...], every: pause)
            case .flood(let bytes):
                var block = ByteBuffer()
                while block.readableBytes < 256 << 10 { block.writeBytes(bytes) }
                flood(block)
            case .stopReading:
                steps.removeFirst()
                _ = context.channel.setOption(.autoRead, value: false)
            case .end:
                steps = []
                context.close(promise: nil)
            case .reset:
                steps = []
                let end = context.loopBound
                let channel = context.channel as? any SocketOptionProvider
                channel?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                    .whenComplete { _ in end.value.close(promise: nil) }
            }
        }
    }

    private func send(_ bytes: [UInt8]) {
        write(ByteBuffer(bytes: bytes)) { $0.proceed() }
    }

    private func drip(_ bytes: ArraySlice<UInt8>, every pause: TimeAmount) {
        guard let byte = bytes.first else {
            steps.removeFirst()
            return
        }
        isBusy = true
        context?.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.write(ByteBuffer(bytes: [byte])) { handler in
                handler.isBusy = true
                handler.drip(bytes.dropFirst(), every: pause)
            }
        }
    }

    private func flood(_ block: ByteBuffer) {
        write(block) { handler in
            handler.isBusy = true
            // Some 250 MB a second for one act, and yet a turn for the others.
            handler.context?.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { handler.flood(block) }
        }
    }

    private func write(_ buffer: ByteBuffer, then next: @escaping (HostileHandler) -> Void) {
        guard let context else { return }
        isBusy = true
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess {
            self.log.sent(buffer.readableBytes)
            // Not from within the write, which may be done at once.
            self.context?.eventLoop.assumeIsolated().execute {
                self.isBusy = false
                next(self)
            }
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: written)
    }

    /// Looks for the close frame among the client's.
    private func take(frames more: inout ByteBuffer) {
        guard !hasClose else { return }
        frames.writeBuffer(&more)
        while let frame = readFrame() {
            guard frame.opcode == 8 else { continue }
            hasClose = true
            log.receivedClose(frame.payload.count < 2 ? 1005 : UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1]))
        }
        frames.discardReadBytes()
    }

    private func readFrame() -> (opcode: UInt8, payload: [UInt8])? {
        var rest = frames
        guard let first: UInt8 = rest.readInteger(), let second: UInt8 = rest.readInteger() else { return nil }
        var length = Int(second & 0x7F)
        if length == 126 {
            guard let long: UInt16 = rest.readInteger() else { return nil }
            length = Int(long)
        } else if length == 127 {
            guard let long: UInt64 = rest.readInteger() else { return nil }
            length = Int(long)
        }
        guard let key = rest.readBytes(length: 4), let payload = rest.readBytes(length: length) else { return nil }
        frames = rest
        return (first & 0x0F, payload.enumerated().map { $1 ^ key[$0 & 3] })
    }
}
