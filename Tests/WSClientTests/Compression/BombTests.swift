import NIOCore
import Testing

@_spi(Codec) @testable import WSClient

/// S4: what inflates is bounded while it inflates.
struct BombTests {
    /// 1 GiB of zeros in 1 MiB: the same MiB again and again.
    private static let bomb: [UInt8] = {
        let block = Deflated.block([UInt8](repeating: 0, count: 1 << 20))
        return [UInt8]((0..<1024).map { _ in block }.joined()) + [0x00]
    }()

    @Test("S4: a bomb of 1 GiB in 1 MiB is stopped at the limit, with flat memory", arguments: [256, 1032])
    func oneGigabyte(ratio: Int) {
        let stream = Deflated.frame(.binary, Self.bomb).bytes
        #expect(stream.count < 1_100_000)
        let limit = 4 << 20
        var decoder = MessageDecoder(
            limits: .init(maximumMessageSize: limit),
            inflater: MessageInflater(maximumRatio: ratio)
        )
        var seen: [Seen] = []
        var most = 0
        for start in stride(from: 0, to: stream.count, by: 512) where seen.isEmpty {
            seen = decoder.seen(stream[start..<min(start + 512, stream.count)])
            most = max(most, decoder.capacityHeld)
        }
        let violation =
            ratio == 1032 ? ProtocolViolation.inflatedTooLarge(limit: limit) : .inflatedTooMuch(ratio: ratio)
        #expect(seen == [.violation(violation)])
        #expect(CloseCode(violation) == .messageTooBig)
        #expect(most <= 2 * limit)
        #expect(decoder.capacityHeld == 0)
    }

    @Test("S4: a bomb in one read is stopped as well")
    func inOneRead() {
        let stream = Deflated.frame(.text, Self.bomb).bytes
        #expect(inflated(stream, inflater: .init(maximumRatio: 256)) == [.violation(.inflatedTooMuch(ratio: 256))])
        #expect(inflated(stream) == [.violation(.inflatedTooLarge(limit: 16 << 20))])
    }

    @Test("S4: the limit counts inflated bytes, exactly", arguments: [0, 1, 511, 512, 513, 65_536])
    func limitIsExact(limit: Int) {
        let limits = MessageDecoder.Limits(maximumMessageSize: limit)
        let fits = [UInt8](repeating: 7, count: limit)
        #expect(inflated(Deflated.frame(.binary, Deflated.message(fits)).bytes, limits: limits) == [.binary(fits)])
        let tooLarge = Deflated.message(fits + [7])
        #expect(
            inflated(Deflated.frame(.binary, tooLarge).bytes, limits: limits) == [
                .violation(.inflatedTooLarge(limit: limit))
            ]
        )
    }

    @Test("S4: the sum of fragments is limited as it inflates")
    func fragments() {
        let half = Deflated.block([UInt8](repeating: 7, count: 600))
        let stream = [Deflated.frame(.binary, half, final: false), .continuation(half + [0x00])].bytes
        #expect(
            inflated(stream, limits: .init(maximumMessageSize: 1000)) == [.violation(.inflatedTooLarge(limit: 1000))]
        )
        #expect(inflated(stream, limits: .init(maximumMessageSize: 1200)).count == 1)
    }

    @Test("S4: compressed bytes that inflate to nothing are bounded too")
    func emptyBlocks() {
        let empty = [UInt8]((0..<400).map { _ in [0x00, 0x00, 0x00, 0xFF, 0xFF] as [UInt8] }.joined())
        let limits = MessageDecoder.Limits(maximumMessageSize: 1000)
        let most = limits.maximumCompressedSize
        #expect(most < empty.count + 1000)
        let stream = [Deflated.frame(.binary, empty, final: false), .continuation(empty)].bytes
        #expect(
            inflated(stream, limits: limits) == [
                .violation(.messageTooLarge(declared: UInt64(2 * empty.count), limit: 1000))
            ]
        )
    }

    @Test("S4: many messages that inflate a lot leave one after the other")
    func aReadOfManyBombs() {
        let message = Deflated.frame(.binary, Deflated.message([UInt8](repeating: 0, count: 1 << 20))).bytes
        let read = [UInt8]((0..<50).map { _ in message }.joined())
        var decoder = MessageDecoder(inflater: MessageInflater(maximumRatio: 256))
        decoder.receive(ByteBuffer(bytes: read))
        var count = 0
        while case .messages(let batch) = decoder.next() {
            #expect(batch.count == 1)
            #expect(decoder.capacityHeld <= 4 << 20)
            count += batch.count
        }
        #expect(count == 50)
    }

    @Test("S4: a ratio counts only for large messages")
    func smallMessagesMayShrinkToNothing() {
        let zeros = [UInt8](repeating: 0x30, count: 1 << 20)
        let stream = Deflated.frame(.text, Deflated.message(zeros)).bytes
        #expect(inflated(stream, inflater: .init(maximumRatio: 10)).count == 1)
    }
}
