@_spi(Codec) import WSClient

/// Masking in place.
enum MaskingBenchmark {
    static var all: [Benchmark] {
        [64, 1024, 64 << 10].map { size in
            Benchmark(name: "mask \(size) B", operations: 1, bytes: size) {
                var bytes = [UInt8](repeating: 0x5A, count: size)
                return {
                    bytes.withUnsafeMutableBytes { Masking.apply(0x1234_5678, to: $0) }
                    return Int(bytes[0])
                }
            }
        }
    }
}
