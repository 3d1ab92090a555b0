import NIOCore
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// RFC 6455 5.3: octet i of the payload is XORed with octet i modulo 4 of the key.
struct MaskingTests {
    static let key: UInt32 = 0xD4C3_B2A1
    static let octets: [UInt8] = [0xA1, 0xB2, 0xC3, 0xD4]

    @Test("in place and while copying, at every length, alignment and phase", arguments: 0..<4)
    func matchesTheDefinition(_ phase: Int) {
        for length in Array(0...140) + [255, 256, 257, 1023] {
            for alignment in [0, 1, 3, 7] {
                let bytes = (0..<alignment + length).map { UInt8(truncatingIfNeeded: $0 &* 37) }
                let expected = bytes[alignment...].enumerated().map { $1 ^ Self.octets[($0 + phase) & 3] }

                var inPlace = bytes
                inPlace.withUnsafeMutableBytes {
                    Masking.apply(Self.key, to: UnsafeMutableRawBufferPointer(rebasing: $0[alignment...]), phase: phase)
                }
                #expect(Array(inPlace[alignment...]) == expected)
                #expect(inPlace[..<alignment] == bytes[..<alignment])

                var copy = [UInt8](repeating: 0xEE, count: length + 1)
                copy.withUnsafeMutableBytes { target in
                    bytes.withUnsafeBytes { source in
                        guard let base = target.baseAddress else { return }
                        let piece = UnsafeRawBufferPointer(rebasing: source[alignment...])
                        Masking.copy(piece, to: base, key: Self.key, phase: phase)
                    }
                }
                #expect(copy == expected + [0xEE])
            }
        }
    }

    @Test("S1: a million frames show no repeating masking pattern")
    func noRepeatingPattern() throws {
        var encoder = FrameEncoder()
        var batch = WebSocketMessageBatch()
        for _ in 0..<1000 { batch.append([0, 0, 0, 0], kind: .binary) }
        var keys: [UInt32] = []
        keys.reserveCapacity(1_000_000)
        for _ in 0..<1000 {
            var out = ByteBuffer()
            encoder.encode(batch, into: &out)
            // Header 2, key 4, payload 4: of zeros, so that it is the key once more.
            out.withUnsafeReadableBytes { bytes in
                for frame in stride(from: 0, to: bytes.count, by: 10) {
                    keys.append(bytes.loadUnaligned(fromByteOffset: frame + 2, as: UInt32.self))
                }
            }
        }
        #expect(keys.count == 1_000_000)

        // Of a million draws from 2^32 some 116 repeat by chance; a generator that repeats itself gives far more.
        #expect(keys.count - Set(keys).count < 250)
        // No key follows from one before: not the same, not one more, not in a cycle of the batches' lengths.
        for distance in [1, 2, 32, 64, 1000] {
            var repeated = 0
            for index in distance..<keys.count where keys[index] &- keys[index - distance] <= 1 { repeated += 1 }
            #expect(repeated < 5, "at a distance of \(distance)")
        }
        // Each bit is set in half of the keys; of 100,000 six standard deviations are 949.
        for bit in 0..<32 {
            var ones = 0
            for key in keys[..<100_000] { ones += Int(key >> UInt32(bit) & 1) }
            #expect(abs(ones - 50_000) < 949, "bit \(bit)")
        }
    }

    @Test("S1: keys come from the generator, each once")
    func keysComeFromTheGenerator() {
        var random = SeededGenerator(seed: 1)
        var keys = MaskingKeys(SeededGenerator(seed: 1))
        for _ in 0..<100 {
            let word = random.next()
            #expect(keys.next() == UInt32(truncatingIfNeeded: word))
            #expect(keys.next() == UInt32(truncatingIfNeeded: word >> 32))
        }
    }

    @Test("S1: the kernel's bytes differ between generators and between batches")
    func kernelGenerator() {
        var first = KernelRandomNumberGenerator()
        var second = KernelRandomNumberGenerator()
        var words = Set<UInt64>()
        for _ in 0..<1000 {
            words.insert(first.next())
            words.insert(second.next())
        }
        #expect(words.count == 2000)
    }
}
