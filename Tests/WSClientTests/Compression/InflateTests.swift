import NIOCore
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// Compressed messages as they arrive (RFC 7692, sections 6 and 7.2.2).
struct InflateTests {
    @Test(
        "RFC 7692 7.2.3: the examples",
        arguments: [
            ("one block", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
            ("a stored block", [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]),
            ("a final block", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
            ("two blocks", [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]),
        ] as [(String, [UInt8])]
    )
    func examples(name: String, payload: [UInt8]) {
        #expect(inflated(Deflated.frame(.text, payload).bytes) == [.text("Hello")])
        let fragments = [
            Deflated.frame(.text, Array(payload[..<3]), final: false), .ping([1]), .continuation(Array(payload[3...])),
        ]
        #expect(inflated(fragments.bytes) == [.ping([1]), .text("Hello")])
    }

    @Test("RFC 7692 7.2.3.2: a message refers to the one before, if contexts are taken over")
    func takesOver() {
        let stream = [
            Deflated.frame(.text, [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
            Deflated.frame(.text, [0xF2, 0x00, 0x11, 0x00, 0x00]),
        ].bytes
        #expect(inflated(stream) == [.text("Hello"), .text("Hello")])
        #expect(
            inflated(stream, inflater: MessageInflater(takesOver: false)) == [
                .text("Hello"), .violation(.invalidCompression),
            ]
        )
    }

    @Test("RFC 7692 7.2.2: after a final block, the next one still may refer to what came before")
    func aFinalBlockKeepsTheWindow() {
        let stream = [
            Deflated.frame(.text, [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
            Deflated.frame(.text, [0xF2, 0x00, 0x11, 0x00, 0x00]),
        ].bytes
        #expect(inflated(stream) == [.text("Hello"), .text("Hello")])
    }

    @Test func manySmallMessagesOfOneReadAreOneBatch() throws {
        let texts = (0..<100).map { #"{"n":\#($0),"type":"trade"}"# }
        var decoder = MessageDecoder(inflater: MessageInflater(takesOver: false))
        decoder.receive(ByteBuffer(bytes: texts.map(Deflated.text).bytes))
        guard case .messages(let batch) = decoder.next() else {
            Issue.record("no batch")
            return
        }
        #expect(batch.messages.map { batch.text(of: $0) } == texts)
        #expect(decoder.next() == nil)
    }

    @Test func compressedAndUncompressedMessagesKeepTheirOrder() {
        let stream = [.text("a"), Deflated.text("b"), .text("c"), .text("d"), Deflated.text("e"), .ping(), .text("f")]
        let expected: [Seen] = [.text("a"), .text("b"), .text("c"), .text("d"), .text("e"), .ping([]), .text("f")]
        #expect(inflated(stream.bytes, inflater: MessageInflater(takesOver: false)) == expected)
    }

    @Test func aStreamMayBeCutAnywhere() {
        let stream = [
            Deflated.text("Grüße"), .text("plain"),
            Deflated.frame(.binary, [0x00, 0x05, 0x00, 0xFA, 0xFF], final: false), .ping([7]),
            .continuation([0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]),
        ].bytes
        let whole = inflated(stream, inflater: MessageInflater(takesOver: false))
        #expect(whole == [.text("Grüße"), .text("plain"), .ping([7]), .binary(Array("Hello".utf8))])
        for first in 0...stream.count {
            for second in stride(from: first, through: stream.count, by: 5) {
                #expect(inflated(stream, cutAt: [first, second], inflater: .init(takesOver: false)) == whole)
            }
        }
    }

    @Test("RFC 6455 8.1: inflated text is checked, also across fragments")
    func invalidText() {
        let bad = Deflated.message([0x61, 0xC3, 0x28])
        #expect(inflated(Deflated.frame(.text, bad).bytes) == [.violation(.invalidText)])
        let unfinished = Deflated.message([0x61, 0xC3])
        #expect(inflated(Deflated.frame(.text, unfinished).bytes) == [.violation(.invalidText)])
        let good = Deflated.message(Array("é".utf8))
        for cut in 0..<good.count {
            let fragments = [
                Deflated.frame(.text, Array(good[..<cut]), final: false), .continuation(Array(good[cut...])),
            ]
            #expect(inflated(fragments.bytes) == [.text("é")])
        }
    }

    @Test("S2: RSV1 belongs to the first frame of a message, and to no control frame (RFC 7692 6.1)")
    func misplacedBit() {
        let first = Deflated.frame(.text, [0xF2, 0x48], final: false)
        #expect(inflated([first, RawFrame(0, [0xCD], reserved: 4)].bytes) == [.violation(.reservedBits(4))])
        #expect(
            inflated([.text("a", final: false), RawFrame(0, [0x62], reserved: 4)].bytes) == [
                .violation(.reservedBits(4))
            ]
        )
        for opcode: UInt8 in [8, 9, 10] {
            #expect(inflated(RawFrame(opcode, reserved: 4).bytes) == [.violation(.reservedBits(4))])
        }
        #expect(inflated(RawFrame(1, reserved: 2).bytes) == [.violation(.reservedBits(2))])
        #expect(CloseCode(ProtocolViolation.reservedBits(4)) == .protocolError)
    }

    @Test(
        "S4: trailing garbage, an unfinished stream and a corrupt one end with 1007",
        arguments: [
            ("nothing at all", []),
            ("no end", [0xF2, 0x48, 0xCD, 0xC9, 0xC9]),
            ("a byte is missing", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07]),
            ("a final block without the byte behind it", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
            ("the tail was left", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00, 0x00, 0xFF]),
            ("garbage behind the end", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x55]),
            ("garbage behind a final block", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x55, 0xAA]),
            ("the reserved kind of block", [0x07, 0x00]),
            ("a stored block with a wrong length", [0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48]),
            ("a distance before the beginning", [0xF2, 0x00, 0x11, 0x00, 0x00]),
            ("zlib's header", [0x78, 0x9C, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
        ] as [(String, [UInt8])]
    )
    func brokenStreams(name: String, payload: [UInt8]) {
        let seen = inflated(Deflated.frame(.binary, payload).bytes)
        #expect(seen == [.violation(.invalidCompression)])
        #expect(CloseCode(ProtocolViolation.invalidCompression) == .invalidPayload)
    }

    @Test("S4: messages are inflated as the sender's window allows, and reset where that was agreed upon")
    func windows() {
        var generator = SeededGenerator(seed: 15)
        let text = generator.text(20_000)
        for bits in 9...15 {
            let stream = Deflated.frame(.text, Deflated.message(text, windowBits: bits)).bytes
            let inflater = MessageInflater(windowBits: bits, takesOver: false)
            #expect(inflated(stream + stream, cutAt: [5000], inflater: inflater).count == 2)
        }
    }
}
