import NIOCore
@_spi(Codec) import WSClient

/// permessage-deflate: messages of JSON out and in, each by itself or with the ones before it.
enum CompressionBenchmark {
    private static let count = 64

    static var all: [Benchmark] {
        [256, 1024, 16 << 10].flatMap { size in
            [false, true].flatMap { takesOver in
                let manner = takesOver ? "in one context" : "by itself"
                return [
                    inflate("inflate JSON \(size) B \(manner)", size, takesOver),
                    deflate("deflate JSON \(size) B \(manner)", size, takesOver),
                ]
            }
        }
    }

    private static func compression(_ takesOver: Bool) -> WebSocketCompression {
        var compression = WebSocketCompression()
        compression.allowsOutgoingContextTakeover = takesOver
        return compression
    }

    private static func inflate(_ name: String, _ size: Int, _ takesOver: Bool) -> Benchmark {
        Benchmark(name: name, operations: count, bytes: count * size) {
            var encoder = FrameEncoder(endpoint: .server, compression: compression(takesOver))
            var read = ByteBuffer()
            encoder.encode(batch(size), into: &read)
            let wire = read
            return {
                var decoder = MessageDecoder(compression: compression(takesOver))
                decoder.receive(wire)
                var seen = 0
                while let event = decoder.next() {
                    guard case .messages(let batch) = event else { fatalError("unexpected event \(event)") }
                    seen += batch.count
                }
                precondition(seen == count)
                return seen
            }
        }
    }

    private static func deflate(_ name: String, _ size: Int, _ takesOver: Bool) -> Benchmark {
        Benchmark(name: name, operations: count, bytes: count * size) {
            let batch = batch(size)
            var encoder = FrameEncoder(compression: compression(takesOver))
            var out = ByteBuffer()
            return {
                out.clear()
                encoder.encode(batch, into: &out)
                return out.readableBytes
            }
        }
    }

    /// Trades that differ in their numbers.
    private static func batch(_ size: Int) -> WebSocketMessageBatch {
        var batch = WebSocketMessageBatch()
        var state: UInt64 = 7692
        for _ in 0..<count {
            var text = ""
            while text.utf8.count < size {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let symbol = ["ABC", "XYZ", "EUR", "BTC"][Int(state >> 60 & 3)]
                text +=
                    #"{"type":"trade","symbol":"\#(symbol)","price":\#(state >> 40 % 90_000),"size":\#(state >> 50)}"#
            }
            batch.append(text.utf8.prefix(size), kind: .text)
        }
        return batch
    }
}
