@_spi(Codec) import WSClient

/// Masking in place, and the random numbers for the keys.
enum MaskingBenchmark {
    static var all: [Benchmark] {
        sizes + [keys]
    }

    private static var sizes: [Benchmark] {
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

    /// Each number serves two frames.
    private static var keys: Benchmark {
        Benchmark(name: "mask two keys", operations: 1000, bytes: 8000) {
            var generator = KernelRandomNumberGenerator()
            return {
                var sum: UInt64 = 0
                for _ in 0..<1000 { sum &+= generator.next() }
                return Int(truncatingIfNeeded: sum)
            }
        }
    }
}
