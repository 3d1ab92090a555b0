import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// Compression from the handshake to the frames.
struct CompressedConnectionTests {
    private let text = String(repeating: #"{"type":"trade","symbol":"ABC"}"#, count: 10)

    private func established(
        answer: String = "permessage-deflate",
        _ change: (inout WebSocketClientConfiguration) -> Void = { _ in }
    ) throws -> ClientHarness {
        let harness = try ClientHarness {
            $0.compression = WebSocketCompression()
            change(&$0)
        }
        try harness.establish(headers: answer.isEmpty ? "" : "Sec-WebSocket-Extensions: \(answer)\r\n")
        return harness
    }

    /// The bytes that the client sent, as one buffer.
    private func wire(_ harness: ClientHarness) throws -> ByteBuffer {
        harness.loop.run()
        var all = ByteBuffer()
        while var buffer = try harness.channel.readOutbound(as: ByteBuffer.self) { all.writeBuffer(&buffer) }
        return all
    }

    @Test func isOfferedOnlyIfItIsWanted() throws {
        for wanted in [nil, WebSocketCompression()] {
            let harness = try ClientHarness { $0.compression = wanted }
            harness.client.connect()
            try harness.accept()
            #expect(try harness.sent().contains("Sec-WebSocket-Extensions") == (wanted != nil))
        }
    }

    @Test func carriesCompressedMessagesBothWays() throws {
        let harness = try established()
        #expect(
            harness.client.compression.map { "\($0)" }
                == "permessage-deflate; client_no_context_takeover; client_max_window_bits=12"
        )
        try harness.receive(ByteBuffer(bytes: Deflated.text(text).bytes))
        #expect(harness.events == ["received \(text)"])
        #expect(harness.client.send(text: text))
        let sent = try wire(harness)
        #expect(sent.readableBytes < text.utf8.count / 2)
        var decoder = MessageDecoder(endpoint: .server, inflater: MessageInflater(windowBits: 12, takesOver: false))
        #expect(decoder.seen(sent.readableBytesView) == [.text(text)])
    }

    @Test func positionsCountTheBytesOnTheWire() throws {
        let harness = try established()
        var batch = WebSocketMessageBatch()
        for _ in 0..<5 { batch.append(text.utf8, kind: .text) }
        #expect(harness.client.send(batch) == 5)
        let position = harness.client.outboundPosition
        #expect(position == (try wire(harness)).readableBytes)
        #expect(harness.client.writtenPosition == position)
    }

    @Test func aPartOfABatchKeepsItsMark() throws {
        let harness = try established { $0.outboundLimit = 400 }
        var batch = WebSocketMessageBatch(text: text)
        batch.append(text.utf8, kind: .text)
        batch.mayBeCompressed = false
        #expect(harness.client.send(batch) == 1)
        #expect(try wire(harness).readableBytes > text.utf8.count)
    }

    @Test func aServerMayDecline() throws {
        let harness = try established(answer: "")
        #expect(harness.client.compression == nil)
        #expect(harness.client.send(text: text))
        #expect(try harness.sentFrames() == ["text \(text)"])
        try harness.receive(ByteBuffer(bytes: Deflated.text(text).bytes))
        #expect(try harness.sentFrames() == ["close 1002"])
    }

    @Test("S4: what is sent at the establishment is never compressed")
    func greetingsAreNeverCompressed() throws {
        let harness = try ClientHarness {
            var compression = WebSocketCompression()
            compression.allowsOutgoingContextTakeover = true
            compression.minimumSize = 0
            $0.compression = compression
            $0.onEstablished = [text]
        }
        try harness.establish(headers: "Sec-WebSocket-Extensions: permessage-deflate\r\n")
        #expect(try harness.sentFrames() == ["text \(text)"])
    }

    @Test("S4: a bomb ends the connection with 1009 and counts as too large")
    func bomb() throws {
        let harness = try established { $0.maxMessageSize = 1000 }
        let zeros = Deflated.message([UInt8](repeating: 0x30, count: 1001))
        try harness.receive(ByteBuffer(bytes: Deflated.frame(.text, zeros).bytes))
        #expect(try harness.sentFrames() == ["close 1009"])
        #expect(harness.events == ["rejected 1 too_large"])
    }

    @Test("S4: paused in the midst of a read that inflates a lot, the rest waits")
    func theRestOfAReadWaits() throws {
        let harness = try established()
        let large = Deflated.frame(.binary, Deflated.message([UInt8](repeating: 0x30, count: 1 << 20))).bytes
        harness.recorder.onReceived = { [client = harness.client] in client.pauseReading() }
        try harness.receive(ByteBuffer(bytes: large + large + Deflated.text("last").bytes))
        #expect(harness.events.count == 1)
        harness.client.resumeReading()
        #expect(harness.events.count == 1)
        harness.drop()
        #expect(harness.client.status.state == .established)
        harness.recorder.onReceived = nil
        _ = harness.events
        harness.client.resumeReading()
        #expect(harness.events.first == "received last")
        #expect(harness.client.status.state == .backoff)
    }

    @Test("S4: the rest of a read waits after the connection's end too, as often as reading is paused")
    func theRestWaitsAfterTheEnd() throws {
        let harness = try established()
        let large = Deflated.frame(.binary, Deflated.message([UInt8](repeating: 0x30, count: 1 << 20))).bytes
        harness.recorder.onReceived = { [client = harness.client] in client.pauseReading() }
        try harness.receive(ByteBuffer(bytes: large + large + large + Deflated.text("last").bytes))
        harness.drop()
        for _ in 0..<2 {
            _ = harness.events
            harness.client.resumeReading()
            #expect(harness.events.count == 1)
            #expect(harness.client.status.state == .established)
        }
        harness.client.resumeReading()
        #expect(harness.events.first == "received last")
        #expect(harness.client.status.state == .backoff)
    }

    @Test("RFC 7692 7.2.2: a broken deflate stream ends the connection with 1007")
    func brokenStream() throws {
        let harness = try established()
        try harness.receive(ByteBuffer(bytes: Deflated.frame(.text, [0x07]).bytes))
        #expect(try harness.sentFrames() == ["close 1007"])
        harness.drop()
        #expect(harness.client.compression == nil)
        #expect(
            harness.events.last?.hasSuffix(
                "server broke the WebSocket protocol: a compressed message is not a whole deflate stream"
            ) == true
        )
    }

    @Test("S2: a choice that was not offered is a fault", arguments: ["permessage-deflate; x=\"a,b\"", "foo"])
    func aChoiceThatWasNotOffered(answer: String) throws {
        let harness = try ClientHarness { $0.compression = WebSocketCompression() }
        harness.client.connect()
        try harness.accept()
        try harness.answerHandshake(headers: "Sec-WebSocket-Extensions: \(answer)\r\n")
        #expect(harness.client.status.state == (answer == "foo" ? .fault : .backoff))
    }

    @Test func saysWhatWasAgreedUpon() throws {
        let harness = try established()
        harness.drop()
        harness.client.extendedLogging = true
        harness.advance(by: .seconds(60))
        try harness.accept()
        try harness.answerHandshake(headers: "Sec-WebSocket-Extensions: permessage-deflate\r\n")
        let line = "compression agreed upon: permessage-deflate; client_no_context_takeover; client_max_window_bits=12"
        #expect(harness.log.contains(line))
    }
}
