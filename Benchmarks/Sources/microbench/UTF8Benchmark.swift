import CBaseline
import WSClient

/// The UTF-8 check in one piece, in ours and in C.
enum UTF8Benchmark {
    static var all: [Benchmark] {
        [64, 1024, 64 << 10].flatMap { size in
            [
                ours("UTF-8 ASCII \(size) B", Text.ascii(size)),
                inC("C ASCII \(size) B", Text.ascii(size), baseline_is_ascii),
                ours("UTF-8 mixed \(size) B", Text.mixed(size)),
                inC("C UTF-8 mixed \(size) B", Text.mixed(size), baseline_is_utf8),
                ours("UTF-8 foreign \(size) B", Text.foreign(size)),
                inC("C UTF-8 foreign \(size) B", Text.foreign(size), baseline_is_utf8),
            ]
        }
    }

    private static func ours(_ name: String, _ text: [UInt8]) -> Benchmark {
        Benchmark(name: name, operations: 1, bytes: text.count) {
            {
                let isValid = text.withUnsafeBytes { UTF8Validator.isValid($0) }
                precondition(isValid)
                return text.count
            }
        }
    }

    private static func inC(
        _ name: String,
        _ text: [UInt8],
        _ check: @escaping @Sendable (UnsafePointer<UInt8>, Int) -> Bool
    ) -> Benchmark {
        precondition(!check([0x61, 0xFF, 0x61], 3), "a check that finds nothing")
        return Benchmark(name: name, operations: 1, bytes: text.count) {
            {
                precondition(check(text, text.count))
                return text.count
            }
        }
    }
}
