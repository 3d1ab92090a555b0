import NIOCore
import NIOEmbedded
import NIOWebSocket
import WSClient

/// NIOWebSocket's decoder on the same streams, to compare with: it neither joins fragments nor checks UTF-8.
enum NIOWebSocketBenchmark {
    static var all: [Benchmark] {
        [64, 256, 1024].map { size in
            let stream = FrameStream(kind: .text, payload: Text.ascii(size))
            return Benchmark(
                name: "NIOWebSocket decode \(size) B",
                operations: stream.count,
                bytes: stream.count * size
            ) {
                let counter = FrameCounter()
                let channel = EmbeddedChannel(handlers: [
                    ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)), counter,
                ])
                return {
                    counter.count = 0
                    for read in stream.reads { channel.pipeline.fireChannelRead(read) }
                    precondition(counter.count == stream.count)
                    return counter.count
                }
            }
        }
    }

    private final class FrameCounter: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        var count = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            count += unwrapInboundIn(data).fin ? 1 : 0
        }
    }
}
