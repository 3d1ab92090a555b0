import WSClient

/// The UTF-8 check in one piece.
enum UTF8Benchmark {
    static var all: [Benchmark] {
        [64, 1024, 64 << 10].flatMap { size in
            [
                benchmark("UTF-8 ASCII \(size) B", Text.ascii(size)),
                benchmark("UTF-8 mixed \(size) B", Text.mixed(size)),
                benchmark("UTF-8 foreign \(size) B", Text.foreign(size)),
            ]
        }
    }

    private static func benchmark(_ name: String, _ text: [UInt8]) -> Benchmark {
        Benchmark(name: name, operations: 1, bytes: text.count) {
            {
                let isValid = text.withUnsafeBytes { UTF8Validator.isValid($0) }
                precondition(isValid)
                return text.count
            }
        }
    }
}
