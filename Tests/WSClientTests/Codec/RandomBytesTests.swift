import NIOCore
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// Whatever bytes arrive, the decoder ends them with an event or waits for more, and never crashes.
struct RandomBytesTests {
    /// How many parts the million is run in, side by side.
    static let parts: [UInt64] = [1, 2, 3, 4, 5, 6, 7, 8]

    @Test("a million random byte strings crash nothing", arguments: parts)
    func millionRandomStrings(_ part: UInt64) {
        var random = SeededGenerator(seed: 0xC0DEC + part)
        var read = ByteBuffer()
        var violations = 0
        for round in 0..<125_000 {
            read.clear()
            // Half of the strings begin as a frame may, or else hardly any came past the first byte.
            if round & 1 == 0 {
                let firsts: [UInt8] = [0x81, 0x82, 0x01, 0x02, 0x80, 0x00, 0x88, 0x89, 0x8A, 0x81]
                read.writeInteger(firsts[Int(random.next() % 10)])
                read.writeInteger(UInt8(truncatingIfNeeded: random.next() & 0x1F))
            }
            for _ in 0...(random.next() & 3) { read.writeInteger(random.next()) }
            var decoder = MessageDecoder(endpoint: round % 5 == 0 ? .server : .client)
            decoder.receive(read)
            while let event = decoder.next() {
                if case .violation = event { violations += 1 }
            }
        }
        #expect(violations > 60_000)
    }

    @Test("mutated streams, cut at random, end as they do whole", arguments: parts)
    func mutatedStreams(_ part: UInt64) {
        var random = SeededGenerator(seed: 0xBAD + part)
        for round in 0..<2000 {
            var stream = randomFrames(&random).bytes
            for _ in 0..<(random.next() % 4) {
                stream[Int(random.next() % UInt64(stream.count))] ^= 1 << UInt8(random.next() & 7)
            }
            let cuts = (0..<3).map { _ in Int(random.next() % UInt64(stream.count + 1)) }.sorted()
            let whole = transcript(of: stream)
            #expect(transcript(of: stream, cutAt: cuts) == whole, "round \(round)")
        }
    }

    @Test("valid streams of any shape come out as they went in", arguments: parts)
    func validStreams(_ part: UInt64) {
        var random = SeededGenerator(seed: 0x600D + part)
        for round in 0..<500 {
            let frames = randomFrames(&random)
            let stream = frames.bytes
            let cuts = (0..<4).map { _ in Int(random.next() % UInt64(stream.count + 1)) }.sorted()
            #expect(transcript(of: stream, cutAt: cuts) == meaning(of: frames), "round \(round)")
        }
    }

    /// A valid stream: whole and fragmented messages with control frames anywhere.
    private func randomFrames(_ random: inout SeededGenerator) -> [RawFrame] {
        var frames: [RawFrame] = []
        for _ in 0...(random.next() % 6) {
            switch random.next() % 5 {
            case 0: frames.append(.ping(randomBytes(&random)))
            case 1: frames.append(.pong(randomBytes(&random)))
            case 2: frames.append(.binary(randomBytes(&random)))
            case 3: frames.append(.text(randomText(&random)))
            default:
                frames.append(.binary(randomBytes(&random), final: false))
                for _ in 0..<(random.next() % 3) {
                    frames.append(.continuation(randomBytes(&random), final: false))
                    if random.next() & 1 == 0 { frames.append(.ping(randomBytes(&random))) }
                }
                frames.append(.continuation(randomBytes(&random)))
            }
        }
        return frames
    }

    private func randomBytes(_ random: inout SeededGenerator) -> [UInt8] {
        (0..<(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private func randomText(_ random: inout SeededGenerator) -> String {
        let alphabet = Array("abcdefgh üß東京🚀")
        return String((0..<(random.next() % 60)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
    }

    /// The events that a valid stream stands for.
    private func meaning(of frames: [RawFrame]) -> [Seen] {
        var all: [Seen] = []
        var open: [UInt8] = []
        for frame in frames {
            switch (frame.first & 0x0F, frame.first & 0x80 != 0) {
            case (9, _): all.append(.ping(frame.payload))
            case (10, _): all.append(.pong(frame.payload))
            case (1, true): all.append(.text(String(decoding: frame.payload, as: UTF8.self)))
            case (2, true): all.append(.binary(frame.payload))
            case (0, true):
                all.append(.binary(open + frame.payload))
                open = []
            default: open += frame.payload
            }
        }
        return all
    }
}
