import NIOCore
import Testing

@_spi(Codec) @testable import WSClient

/// S3: a peer's word alone makes us hold nothing, and what it may send is bounded.
struct SizeLimitTests {
    @Test("S3: a header that declares 2^62 bytes is refused and nothing is allocated")
    func hugeDeclaredLength() {
        var decoder = MessageDecoder()
        let header = RawFrame(2, lengthForm: .sixtyFourBits, declared: 1 << 62).bytes
        let limit = 16 << 20
        #expect(decoder.seen(header) == [.violation(.messageTooLarge(declared: 1 << 62, limit: limit))])
        #expect(decoder.capacityHeld == 0)
    }

    @Test("S3: an allowed length that never arrives is not allocated")
    func allowedLengthThatNeverArrives() {
        var decoder = MessageDecoder()
        #expect(decoder.seen(RawFrame(2, [1, 2, 3], declared: 16 << 20).bytes) == [])
        #expect(decoder.capacityHeld < 1024)
    }

    @Test("S3: memory follows what arrives, at most doubled")
    func memoryFollowsWhatArrives() {
        let length = 4 << 20
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        var decoder = MessageDecoder()
        #expect(decoder.seen(RawFrame(2, declared: UInt64(length)).bytes) == [])
        for arrived in stride(from: piece.count, to: length, by: piece.count) {
            #expect(decoder.seen(piece) == [])
            #expect(decoder.capacityHeld <= 2 * arrived + 1024)
        }
        #expect(decoder.seen(piece) == [.binary(.init(repeating: 7, count: length))])
        #expect(decoder.capacityHeld == 0)
    }

    @Test("S3: the limit itself passes, one byte more doesn't", arguments: [0, 1, 125, 126, 1000, 65_536])
    func limitIsExact(_ limit: Int) {
        let limits = MessageDecoder.Limits(maximumMessageSize: limit)
        let fits = RawFrame.binary(.zeros(limit)).bytes
        let tooLarge = RawFrame.binary(.zeros(limit + 1)).bytes
        let violation = ProtocolViolation.messageTooLarge(declared: UInt64(limit) + 1, limit: limit)
        #expect(transcript(of: fits, limits: limits) == [.binary(.zeros(limit))])
        #expect(transcript(of: fits, cutAt: [1], limits: limits) == [.binary(.zeros(limit))])
        #expect(transcript(of: tooLarge, limits: limits) == [.violation(violation)])
        #expect(transcript(of: tooLarge, cutAt: [1], limits: limits) == [.violation(violation)])
    }

    @Test("S3: the sum of fragments is limited on the declared length")
    func sumOfFragments() {
        let limits = MessageDecoder.Limits(maximumMessageSize: 10)
        let fits = [RawFrame.binary(.zeros(4), final: false), .continuation(.zeros(6))].bytes
        #expect(transcript(of: fits, limits: limits) == [.binary(.zeros(10))])
        let tooLarge = RawFrame.binary(.zeros(4), final: false).bytes + RawFrame(0, declared: 7).bytes
        #expect(
            transcript(of: tooLarge, limits: limits) == [.violation(.messageTooLarge(declared: 11, limit: 10))]
        )
    }

    @Test("S3: a million empty fragments are refused and hold no memory")
    func millionEmptyFragments() {
        var decoder = MessageDecoder()
        #expect(decoder.seen(RawFrame.text("", final: false).bytes) == [])
        let thousand = [UInt8](repeating: 0, count: 2000)
        var seen: [Seen] = []
        for _ in 0..<1000 where seen.isEmpty {
            seen = decoder.seen(thousand)
            #expect(decoder.capacityHeld < 1024)
        }
        #expect(seen == [.violation(.tooManyFragments(limit: 131_072))])
        #expect(CloseCode(.tooManyFragments(limit: 1)) == .messageTooBig)
    }

    @Test("S3: a fragment count at the limit passes")
    func fragmentCountAtTheLimit() {
        let limits = MessageDecoder.Limits(maximumFragments: 3)
        let three: [RawFrame] = [.text("a", final: false), .continuation([66], final: false), .continuation([67])]
        #expect(transcript(of: (three + three).bytes, limits: limits) == [.text("aBC"), .text("aBC")])
        let four: [RawFrame] = [
            .text("a", final: false), .continuation([66], final: false), .continuation([67], final: false),
        ]
        #expect(
            transcript(of: (four + [.continuation([])]).bytes, limits: limits)
                == [.violation(.tooManyFragments(limit: 3))]
        )
    }

    @Test("S3: limits out of range are clamped")
    func limitsAreClamped() {
        #expect(MessageDecoder.Limits(maximumMessageSize: .max).maximumMessageSize == 1 << 30)
        #expect(MessageDecoder.Limits(maximumMessageSize: -1).maximumMessageSize == 0)
        #expect(MessageDecoder.Limits(maximumFragments: 0).maximumFragments == 1)
    }
}
