import CBaseline
@_spi(Codec) import WSClient

/// Masking alone, in ours and in C, and the random numbers for the keys.
///
/// Messages lie side by side in memory that stays in the cache, each is masked once a run.
enum MaskingBenchmark {
    static var all: [Benchmark] {
        [64, 256, 1024, 64 << 10].flatMap { size in
            [
                benchmark("mask \(size) B", size) { Masking.apply(0x1234_5678, to: $0) },
                benchmark("C mask \(size) B", size) { bytes in
                    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
                    baseline_mask(base, base, bytes.count, 0x1234_5678)
                },
            ]
        } + [keys]
    }

    private static func benchmark(
        _ name: String,
        _ size: Int,
        _ mask: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
    ) -> Benchmark {
        let count = max(1, (16 << 10) / size)
        return Benchmark(name: name, operations: count, bytes: count * size) {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count * size, alignment: 64)
            memory.initializeMemory(as: UInt8.self, repeating: 0x5A)
            return {
                for index in 0..<count {
                    mask(UnsafeMutableRawBufferPointer(rebasing: memory[index * size..<(index + 1) * size]))
                }
                return Int(memory[0])
            }
        }
    }

    /// Each number serves two frames.
    private static var keys: Benchmark {
        Benchmark(name: "random numbers for two keys", operations: 1024, bytes: 8192) {
            var generator = KernelRandomNumberGenerator()
            return {
                var sum: UInt64 = 0
                for _ in 0..<1024 { sum &+= generator.next() }
                return Int(truncatingIfNeeded: sum)
            }
        }
    }
}
