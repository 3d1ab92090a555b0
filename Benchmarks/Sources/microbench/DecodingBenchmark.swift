import NIOCore
@_spi(Codec) import WSClient

/// Our decoder over reads of 64 KiB, UTF-8 check of text included.
enum DecodingBenchmark {
    static var all: [Benchmark] {
        [64, 256, 1024, 16 << 10].flatMap { size in
            [
                benchmark("decode binary \(size) B", .binary, Text.ascii(size)),
                benchmark("decode text \(size) B", .text, Text.ascii(size)),
                benchmark("decode mixed text \(size) B", .text, Text.mixed(size)),
            ]
        }
    }

    private static func benchmark(_ name: String, _ kind: WebSocketMessage.Kind, _ payload: [UInt8]) -> Benchmark {
        let stream = FrameStream(kind: kind, payload: payload)
        return Benchmark(name: name, operations: stream.count, bytes: stream.count * payload.count) {
            var decoder = MessageDecoder()
            return {
                var seen = 0
                for read in stream.reads {
                    decoder.receive(read)
                    while let event = decoder.next() {
                        guard case .messages(let batch) = event else { fatalError("unexpected event \(event)") }
                        seen += batch.count
                    }
                }
                precondition(seen == stream.count)
                return seen
            }
        }
    }
}
