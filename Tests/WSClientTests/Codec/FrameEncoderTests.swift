import NIOCore
import Testing

@_spi(Codec) @testable import WSClient

/// What is encoded is what RFC 6455 5.2 draws, and what a decoder reads back.
struct FrameEncoderTests {
    /// Gives the same key over and over.
    private struct FixedKey: RandomNumberGenerator {
        func next() -> UInt64 { 0x3D21_FA37_3D21_FA37 }
    }

    @Test("the masked Hello of RFC 6455 5.7")
    func maskedHello() {
        var encoder = FrameEncoder(endpoint: .client, generator: FixedKey())
        var out = ByteBuffer()
        encoder.encode(WebSocketMessageBatch(text: "Hello"), into: &out)
        #expect(
            Array(out.readableBytesView)
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        )
    }

    @Test(
        "lengths are encoded in their shortest form (RFC 6455 5.2)",
        arguments: [
            (0, [0]), (1, [1]), (125, [125]), (126, [126, 0, 126]), (65_535, [126, 255, 255]),
            (65_536, [127, 0, 0, 0, 0, 0, 1, 0, 0]), (1 << 20, [127, 0, 0, 0, 0, 0, 16, 0, 0]),
        ] as [(Int, [UInt8])]
    )
    func shortestLength(_ length: Int, _ field: [UInt8]) {
        var encoder = FrameEncoder(endpoint: .server)
        var out = ByteBuffer()
        [UInt8].zeros(length).withUnsafeBytes { encoder.encode(.binary, $0, into: &out) }
        #expect(Array(out.readableBytesView.prefix(1 + field.count)) == [0x82] + field)
        #expect(out.readableBytes == 1 + field.count + length)
    }

    @Test(
        "what a client encodes, a server decodes",
        arguments: [
            0, 1, 2, 3, 4, 7, 8, 9, 63, 64, 65, 71, 125, 126, 127, 200, 1000, 65_535, 65_536, 100_003,
        ]
    )
    func roundTrip(_ length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 5) }
        for (sender, receiver) in [(Endpoint.client, Endpoint.server), (.server, .client)] {
            var batch = WebSocketMessageBatch()
            batch.append(payload, kind: .binary)
            batch.append(text: "between ü")
            batch.append(payload, kind: .binary)
            var encoder = FrameEncoder(endpoint: sender)
            var out = ByteBuffer()
            encoder.encode(batch, into: &out)
            encoder.encodePing(ByteBuffer(bytes: [1, 2, 3, 4, 5]), into: &out)
            encoder.encodePong(ByteBuffer(), into: &out)
            encoder.encodeClose(CloseFrame(code: .goingAway, reason: "bye"), into: &out)
            let expected: [Seen] = [
                .binary(payload), .text("between ü"), .binary(payload), .ping([1, 2, 3, 4, 5]), .pong([]),
                .close(1001, "bye"),
            ]
            let stream = Array(out.readableBytesView)
            #expect(transcript(of: stream, endpoint: receiver) == expected)
            #expect(transcript(of: stream, cutAt: [9, stream.count / 2], endpoint: receiver) == expected)
        }
    }

    @Test
    func appendsBehindWhatIsThere() {
        var encoder = FrameEncoder(endpoint: .server)
        var out = ByteBuffer(string: "GET")
        encoder.encode(WebSocketMessageBatch(text: "x"), into: &out)
        encoder.encode(WebSocketMessageBatch(), into: &out)
        #expect(Array(out.readableBytesView) == Array("GET".utf8) + [0x81, 1, 0x78])
    }

    @Test
    func encodesOnlyWhatABatchStillLists() {
        var batch = WebSocketMessageBatch()
        for text in ["one", "two", "three"] { batch.append(text: text) }
        batch.messages.remove(at: 1)
        var encoder = FrameEncoder()
        var out = ByteBuffer()
        encoder.encode(batch, into: &out)
        #expect(transcript(of: Array(out.readableBytesView), endpoint: .server) == [.text("one"), .text("three")])
    }

    @Test("a close frame without a code is empty (RFC 6455 5.5.1)")
    func closeWithoutACode() {
        var encoder = FrameEncoder(endpoint: .server)
        var out = ByteBuffer()
        encoder.encodeClose(CloseFrame(code: nil, reason: "unsaid"), into: &out)
        #expect(Array(out.readableBytesView) == [0x88, 0])
    }

    @Test("a close reason is cut between characters to 123 bytes (RFC 6455 5.5)")
    func longReason() {
        let reason = String(repeating: "東", count: 50)
        let payload = CloseFrame(code: .normalClosure, reason: reason).payload
        #expect(payload.count == 2 + 123)
        #expect(String(decoding: payload[2...], as: UTF8.self) == String(repeating: "東", count: 41))
        let odd = CloseFrame(code: .normalClosure, reason: "a" + reason).payload
        #expect(odd.count == 2 + 121)
    }
}
