import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// RFC 3629 section 4, against Swift's own validation.
struct UTF8ValidatorTests {
    static let boundaries: [[UInt8]] = [
        [], [0x00], [0x7F], [0x80], [0xBF], [0xC0], [0xC1], [0xC2], [0xC0, 0x80], [0xC1, 0xBF], [0xC2, 0x80],
        [0xC2, 0x7F], [0xC2, 0xC0], [0xDF, 0xBF], [0xDF, 0xC0], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
        [0xE0, 0xA0, 0x80], [0xE0, 0xA0], [0xE0, 0xA0, 0x7F], [0xE1, 0x80, 0x80], [0xEC, 0xBF, 0xBF],
        [0xED, 0x80, 0x80], [0xED, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEE, 0x80, 0x80],
        [0xEF, 0xBF, 0xBE], [0xEF, 0xBF, 0xBF], [0xEF, 0xBF, 0xC0], [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF0, 0x90, 0x80], [0xF1, 0x80, 0x80, 0x80],
        [0xF3, 0xBF, 0xBF, 0xBF], [0xF4, 0x80, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        [0xE2, 0x82, 0xAC, 0xE2, 0x82], [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80],
    ]

    @Test("boundary sequences behind ASCII of any length, cut anywhere", arguments: boundaries)
    func boundarySequences(_ sequence: [UInt8]) {
        for before in 0...40 {
            for after in [0, 1, 7, 40] {
                let text = [UInt8](repeating: 0x61, count: before) + sequence + [UInt8](repeating: 0x7A, count: after)
                check(text, cuts: before == 40 ? 0...text.count : before...before + sequence.count)
            }
        }
    }

    @Test("every sequence of two bytes, and every three with a lead of interest")
    func exhaustive() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let pair = [first, second]
                #expect(isValid(pair) == isValidForSwift(pair))
            }
        }
        for lead: UInt8 in [0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4] {
            for second in stride(from: UInt8(0x70), through: 0xD0, by: 1) {
                for third: UInt8 in [0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xC0] {
                    for sequence in [
                        [lead, second, third], [lead, second, third, 0x80], [lead, second, third, 0xC2],
                    ] {
                        #expect(isValid(sequence) == isValidForSwift(sequence))
                    }
                }
            }
        }
    }

    @Test("generated text, whole, damaged and cut", arguments: [1, 2, 3, 4] as [UInt64])
    func generated(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            var text = randomText(&random)
            if random.next() & 1 == 0, !text.isEmpty {
                text[Int(random.next() % UInt64(text.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            let cut = Int(random.next() % UInt64(text.count + 1))
            check(text, cuts: cut...cut)
        }
    }

    @Test
    func malformedStaysMalformed() {
        var validator = UTF8Validator()
        #expect(!consume([0xFF], &validator))
        #expect(!consume(Array("fine again, and long enough for whole words".utf8), &validator))
        #expect(!consume([], &validator))
        #expect(!validator.isComplete)
    }

    @Test
    func saysWhetherACharacterIsWhole() {
        var validator = UTF8Validator()
        #expect(validator.isComplete)
        #expect(consume([0xF0, 0x9F], &validator))
        #expect(!validator.isComplete)
        #expect(consume([0x9A, 0x80], &validator))
        #expect(validator.isComplete)
    }

    private func check(_ text: [UInt8], cuts: ClosedRange<Int>) {
        let expected = isValidForSwift(text)
        #expect(isValid(text) == expected, "\(text)")
        for cut in cuts {
            var validator = UTF8Validator()
            let first = consume(Array(text[..<cut]), &validator)
            let second = consume(Array(text[cut...]), &validator)
            #expect((first && second && validator.isComplete) == expected, "\(text) cut at \(cut)")
            #expect(!(second && !first))
        }
    }

    private func randomText(_ random: inout SeededGenerator) -> [UInt8] {
        var text = ""
        for _ in 0..<(random.next() % 30) {
            switch random.next() % 4 {
            case 0: text += String(repeating: "x", count: Int(random.next() % 40))
            case 1: text.unicodeScalars.append(Unicode.Scalar(UInt32(random.next() % 0x800)) ?? "a")
            case 2: text.unicodeScalars.append(Unicode.Scalar(UInt32(random.next() % 0x10000)) ?? "b")
            default: text.unicodeScalars.append(Unicode.Scalar(UInt32(random.next() % 0x11_0000)) ?? "c")
            }
        }
        return Array(text.utf8)
    }

    private func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { UTF8Validator.isValid($0) }
    }

    private func consume(_ bytes: [UInt8], _ validator: inout UTF8Validator) -> Bool {
        bytes.withUnsafeBytes { validator.consume($0) }
    }

    private func isValidForSwift(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }
}
