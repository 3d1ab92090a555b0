import NIOCore
@_spi(Codec) import WSClient

/// A batch of 256 messages to masked frames in one buffer, keys from the kernel included.
enum EncodingBenchmark {
    private static let count = 256

    static var all: [Benchmark] {
        [64, 256, 1024, 16 << 10].map { size in
            let payload = Text.ascii(size)
            return Benchmark(name: "encode \(size) B", operations: count, bytes: count * size) {
                var batch = WebSocketMessageBatch()
                for _ in 0..<count { batch.append(payload, kind: .text) }
                var encoder = FrameEncoder()
                var out = ByteBuffer()
                return {
                    out.clear()
                    encoder.encode(batch, into: &out)
                    return out.readableBytes
                }
            }
        }
    }
}
