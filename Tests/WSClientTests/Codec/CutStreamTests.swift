import NIOCore
import Testing

@_spi(Codec) @testable import WSClient

/// A stream means the same wherever reads cut it.
struct CutStreamTests {
    struct Stream: Sendable, CustomTestStringConvertible {
        var name: String
        var frames: [RawFrame]
        var expected: [Seen]
        var testDescription: String { name }

        init(_ name: String, _ frames: [RawFrame], _ expected: [Seen]) {
            self.name = name
            self.frames = frames
            self.expected = expected
        }
    }

    static let small: [Stream] = [
        Stream("an empty text", [.text("")], [.text("")]),
        Stream("an empty binary", [.binary([])], [.binary([])]),
        Stream("a text", [.text("hello")], [.text("hello")]),
        Stream("text of each width", [.text("aß東🚀")], [.text("aß東🚀")]),
        Stream(
            "a text with a 16-bit length",
            [.text(String(repeating: "ü", count: 70))],
            [.text(String(repeating: "ü", count: 70))]
        ),
        Stream(
            "125 and 126 bytes",
            [.binary(.zeros(125)), .binary(.zeros(126))],
            [.binary(.zeros(125)), .binary(.zeros(126))]
        ),
        Stream("a ping", [.ping([1, 2, 3])], [.ping([1, 2, 3])]),
        Stream("an empty ping", [.ping()], [.ping([])]),
        Stream("the longest pong", [.pong(.zeros(125))], [.pong(.zeros(125))]),
        Stream("a close", [.close(1001, Array("bye ü".utf8))], [.close(1001, "bye ü")]),
        Stream("an empty close", [RawFrame(8)], [.close(nil, "")]),
        Stream("nothing after a close", [.close(1000), .text("late"), .ping()], [.close(1000, "")]),
        Stream(
            "fragments",
            [.text("a", final: false), .continuation([66], final: false), .continuation([67])],
            [.text("aBC")]
        ),
        Stream(
            "a character over fragments",
            [RawFrame(1, [0xF0], final: false), .continuation([0x9F, 0x9A], final: false), .continuation([0x80])],
            [.text("🚀")]
        ),
        Stream(
            "empty fragments",
            [.binary([], final: false), .continuation([], final: false), .continuation([])],
            [.binary([])]
        ),
        Stream(
            "control frames between fragments",
            [.binary([1], final: false), .ping([9]), .continuation([2], final: false), .pong(), .continuation([3])],
            [.ping([9]), .pong([]), .binary([1, 2, 3])]
        ),
        Stream(
            "a close between fragments",
            [.binary([1], final: false), .close(1000), .continuation([2])],
            [.close(1000, "")]
        ),
        Stream(
            "all mixed",
            [
                .text("one"), .binary([2]), .text("th", final: false), .ping([4]), .continuation(Array("ree".utf8)),
                .text("f", final: false), .continuation(Array("our".utf8)), .text(""), .pong([5]), .text("six"),
                .binary([7], final: false), .continuation([7]), .ping(), .close(3000, []),
            ],
            [
                .text("one"), .binary([2]), .ping([4]), .text("three"), .text("four"), .text(""), .pong([5]),
                .text("six"), .binary([7, 7]), .ping([]), .close(3000, ""),
            ]
        ),
    ]

    static let masked: [Stream] = small.map { stream in
        var stream = stream
        stream.name += ", masked"
        for index in stream.frames.indices { stream.frames[index].key = [0xA5, 0x17, UInt8(index), 0x80] }
        return stream
    }

    @Test("every cut gives the same events", arguments: small)
    func everyCutGivesTheSameEvents(_ stream: Stream) {
        check(stream, as: .client)
    }

    @Test("every cut of masked frames gives the same events", arguments: masked)
    func everyCutOfMaskedFramesGivesTheSameEvents(_ stream: Stream) {
        check(stream, as: .server)
    }

    private func check(_ stream: Stream, as endpoint: Endpoint) {
        let bytes = stream.frames.bytes
        #expect(transcript(of: bytes, endpoint: endpoint) == stream.expected)
        for cut in 1..<bytes.count {
            #expect(transcript(of: bytes, cutAt: [cut], endpoint: endpoint) == stream.expected, "cut at \(cut)")
        }
        for size in 1...5 {
            let cuts = Array(stride(from: size, to: bytes.count, by: size))
            #expect(transcript(of: bytes, cutAt: cuts, endpoint: endpoint) == stream.expected, "pieces of \(size)")
        }
    }

    @Test("lengths around each form of the header, cut around the header", arguments: [65_535, 65_536, 70_000])
    func longMessages(_ length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let bytes = [RawFrame.binary([1]), .binary(payload), .binary([2])].bytes
        let expected: [Seen] = [.binary([1]), .binary(payload), .binary([2])]
        for cut in Array(0...20) + [length / 2] + Array(bytes.count - 5...bytes.count) {
            #expect(transcript(of: bytes, cutAt: [cut]) == expected, "cut at \(cut)")
        }
    }

    @Test
    func aReadBeforeTheLastIsDrainedJoinsIt() {
        var decoder = MessageDecoder()
        let stream = [RawFrame.text("a"), .ping(), .text("b"), .text("c")].bytes
        decoder.receive(ByteBuffer(bytes: stream[..<7]))
        guard case .messages = decoder.next() else {
            Issue.record("no message")
            return
        }
        decoder.receive(ByteBuffer(bytes: stream[7...]))
        #expect(decoder.drain() == [.ping([]), .text("b"), .text("c")])
    }
}
