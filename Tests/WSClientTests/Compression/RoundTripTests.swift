import NIOCore
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// Our deflate against our inflate, and what goes out compressed.
struct RoundTripTests {
    private func frames(_ encoder: inout FrameEncoder, _ batch: WebSocketMessageBatch) -> ByteBuffer {
        var buffer = ByteBuffer()
        encoder.encode(batch, into: &buffer)
        return buffer
    }

    @Test(
        "random messages come back as they went",
        arguments: [(8, false), (9, false), (9, true), (12, true), (15, false), (15, true)]
    )
    func randomMessages(windowBits: Int, takesOver: Bool) {
        var generator = SeededGenerator(seed: UInt64(windowBits))
        var encoder = FrameEncoder(deflater: MessageDeflater(windowBits: windowBits, takesOver: takesOver, level: 6))
        var decoder = MessageDecoder(
            endpoint: .server,
            inflater: MessageInflater(windowBits: windowBits, takesOver: takesOver)
        )
        var phrases: [[UInt8]] = []
        for round in 0..<120 {
            var batch = WebSocketMessageBatch()
            var expected: [Seen] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                var payload = generator.text(Int.random(in: 0...3000, using: &generator))
                if let old = phrases.randomElement(using: &generator) { payload += old }
                if phrases.count < 40 { phrases.append(payload) }
                if Bool.random(using: &generator) {
                    batch.append(payload, kind: .text)
                    expected.append(.text(String(decoding: payload, as: UTF8.self)))
                } else {
                    let noise = generator.bytes(payload.count / 2) + payload
                    batch.append(noise, kind: .binary)
                    expected.append(.binary(noise))
                }
            }
            batch.mayBeCompressed = round % 7 != 0
            let wire = Array(frames(&encoder, batch).readableBytesView)
            let cut = Int.random(in: 0...wire.count, using: &generator)
            #expect(decoder.seen(wire[..<cut]) + decoder.seen(wire[cut...]) == expected)
        }
    }

    private let json = #"{"op":"subscribe","channel":"trades","symbols":["AAA","AAB","AAC","AAD","AAE","AAF","AAG"]}"#

    @Test func whatGetsNoSmallerGoesAsItIs() {
        var generator = SeededGenerator(seed: 3)
        for takesOver in [false, true] {
            var encoder = FrameEncoder(
                endpoint: .server,
                deflater: MessageDeflater(takesOver: takesOver)
            )
            var batch = WebSocketMessageBatch(text: json)
            batch.append(generator.bytes(500), kind: .binary)
            batch.append(Array(json.utf8), kind: .text)
            batch.append([], kind: .text)
            let wire = frames(&encoder, batch)
            var decoder = MessageDecoder(inflater: MessageInflater(takesOver: takesOver))
            #expect(decoder.seen(wire.readableBytesView).count == 4)
            let first = wire.readableBytesView.first
            #expect(first == 0xC1)
            #expect(wire.readableBytes < 500 + 2 * json.utf8.count)
        }
    }

    @Test func shortMessagesGoAsTheyAre() {
        var encoder = FrameEncoder(endpoint: .server, deflater: MessageDeflater(minimumSize: json.utf8.count))
        #expect(frames(&encoder, .init(text: String(json.dropLast()))).readableBytesView.first == 0x81)
        #expect(frames(&encoder, .init(text: json)).readableBytesView.first == 0xC1)
    }

    @Test("a window of 256 bytes: only messages that fit into it are compressed")
    func windowOfEightBits() {
        var encoder = FrameEncoder(endpoint: .server, deflater: MessageDeflater(windowBits: 8, takesOver: true))
        let fits = String(repeating: "ab", count: 128)
        #expect(frames(&encoder, .init(text: fits)).readableBytesView.first == 0xC1)
        // Without history: the same message takes the same bytes again.
        #expect(frames(&encoder, .init(text: fits)) == frames(&encoder, .init(text: fits)))
        #expect(frames(&encoder, .init(text: fits + "a")).readableBytesView.first == 0x81)
    }

    @Test("S4: without context takeover, what was sent before makes no message shorter")
    func nothingIsShared() {
        func size(of text: String, after other: String, takesOver: Bool) -> Int {
            var encoder = FrameEncoder(deflater: MessageDeflater(takesOver: takesOver))
            _ = frames(&encoder, .init(text: other))
            return frames(&encoder, .init(text: text)).readableBytes
        }
        let other = #"{"token":"4f1c9a7be2d35508"}"#
        #expect(size(of: json, after: json, takesOver: false) == size(of: json, after: other, takesOver: false))
        #expect(size(of: json, after: json, takesOver: true) < size(of: json, after: other, takesOver: true))
    }

    @Test("S4: a message that may not be compressed goes as it is, and into no context")
    func secretsStayOut() {
        let secret = WebSocketMessageBatch(text: #"{"op":"auth","token":"4f1c9a7be2d35508aa17"}"#)
        var marked = secret
        marked.mayBeCompressed = false
        for takesOver in [false, true] {
            var encoder = FrameEncoder(endpoint: .server, deflater: MessageDeflater(takesOver: takesOver))
            let wire = frames(&encoder, marked)
            #expect(wire.readableBytesView.first == 0x81)
            #expect(String(buffer: wire).contains("4f1c9a7be2d35508aa17"))
            // A guess that is right gets no shorter for it than one that is wrong.
            let right = frames(&encoder, .init(text: #"{"guess":"4f1c9a7be2d35508aa17"}"#)).readableBytes
            var other = FrameEncoder(endpoint: .server, deflater: MessageDeflater(takesOver: takesOver))
            let wrong = frames(&other, .init(text: #"{"guess":"4f1c9a7be2d35508aa17"}"#)).readableBytes
            #expect(right == wrong)
        }
    }
}
