import BridgeCore
import BridgeTestSupport
import TestSupport
import Testing

@testable import FIFOAdapter

struct RecordEncoderTests {
    private func encode(
        _ payloads: [[UInt8]],
        _ framing: FIFOFraming,
        onNewline: FIFOSinkConfiguration.OnNewline = .escape
    ) -> (bytes: [UInt8], refused: Int) {
        let encoder = RecordEncoder(framing: framing, onNewline: onNewline)
        let batch = MessageBatch.of(payloads: payloads)
        return batch.withUnsafeBytes { bytes in
            batch.entries.withUnsafeBufferPointer { encoder.encode($0, of: bytes) }
            return (Array(encoder.bytes), encoder.refused)
        }
    }

    private func encode(_ text: String) -> String {
        String(decoding: encode([Array(text.utf8)], .lines).bytes, as: UTF8.self)
    }

    private func space(_ text: String) -> String {
        String(decoding: encode([Array(text.utf8)], .lines, onNewline: .space).bytes, as: UTF8.self)
    }

    @Test
    func aLineBreakBecomesOneSpaceAndAllElseStays() {
        #expect(space("two\nlines") == "two lines\n")
        #expect(space("a\r\nb\rc\n\rd\n\ne\r\r\nf") == "a b c  d  e  f\n")
        #expect(space("C:\\n") == "C:\\n\n")
        #expect(space("") == "\n")
        #expect(space("\r\n") == " \n")
        #expect(space("end\r") == "end \n")
        #expect(space(#"{"a":"\"quoted\"\n\\"}"#) == #"{"a":"\"quoted\"\n\\"}"# + "\n")
        #expect(
            encode([[0, 255, 10, 9, 11, 12, 0x85]], .lines, onNewline: .space).bytes == [
                0, 255, 32, 9, 11, 12, 0x85, 10,
            ]
        )
    }

    @Test
    func lineBreaksAtEveryPositionOfPayloadsOfEveryLength() {
        for count in 0..<70 {
            for position in 0..<count {
                for special in [[UInt8(ascii: "\n")], [UInt8(ascii: "\r")], [13, 10], [13, 13, 10]] {
                    var payload = [UInt8](repeating: UInt8(ascii: "\\"), count: count)
                    payload.replaceSubrange(position..<position + 1, with: special)
                    #expect(encode([payload], .lines, onNewline: .space).bytes == spaced(payload))
                }
            }
        }
    }

    @Test
    func randomLineBreaksBecomeSpacesLikeTheRuleSays() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<500 {
            let payload = random.bytes(Int(random.next() % 300)).map { $0 % 8 == 0 ? ($0 & 16 == 0 ? 10 : 13) : $0 }
            #expect(encode([payload], .lines, onNewline: .space).bytes == spaced(payload))
        }
    }

    private func spaced(_ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, byte) in payload.enumerated() {
            if byte == 10, index > 0, payload[index - 1] == 13 { continue }
            bytes.append(byte == 10 || byte == 13 ? 32 : byte)
        }
        return bytes + [10]
    }

    @Test
    func escapesWhatWouldEndALine() {
        #expect(encode("two\nlines") == "two\\nlines\n")
        #expect(encode("a\r\nb") == "a\\r\\nb\n")
        #expect(encode("C:\\n") == "C:\\\\n\n")
        #expect(encode("") == "\n")
        #expect(encode(#"{"a":"\"quoted\""}"#) == #"{"a":"\\"quoted\\""}"# + "\n")
    }

    @Test
    func escapesAtEveryPositionOfPayloadsOfEveryLength() {
        for count in 0..<70 {
            for position in 0..<count {
                for special in [UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\\")] {
                    var payload = [UInt8](repeating: UInt8(ascii: "x"), count: count)
                    payload[position] = special
                    #expect(encode([payload], .lines).bytes == expected(payload))
                }
            }
        }
    }

    @Test
    func escapesRandomBytesLikeTheRuleSays() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let payload = random.bytes(Int(random.next() % 300)).map { $0 % 16 == 0 ? $0 % 3 + 10 : $0 }
            #expect(encode([payload], .lines).bytes == expected(payload))
        }
    }

    private func expected(_ payload: [UInt8]) -> [UInt8] {
        payload.flatMap { byte -> [UInt8] in
            switch byte {
            case 10: Array("\\n".utf8)
            case 13: Array("\\r".utf8)
            case 92: Array("\\\\".utf8)
            default: [byte]
            }
        } + [10]
    }

    @Test
    func refusesWhatWouldEndARecordEarly() {
        let lines = encode([Array("ok".utf8), Array("not\nok".utf8), Array("ok\r".utf8)], .lines, onNewline: .drop)
        #expect(String(decoding: lines.bytes, as: UTF8.self) == "ok\nok\r\n")
        #expect(lines.refused == 1)
        let nul = encode([Array("a\nb".utf8), [65, 0, 66]], .nul)
        #expect(nul.bytes == Array("a\nb\0".utf8))
        #expect(nul.refused == 1)
    }

    @Test
    func putsTheLengthInFront() {
        #expect(encode([[1, 2, 3], []], .length).bytes == [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0])
    }
}
