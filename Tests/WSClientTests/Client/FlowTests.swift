import NIOCore
import NIOEmbedded
import Testing

@_spi(Codec) @testable import WSClient

/// Messages in and out of an established connection: pings, back-pressure, broken rules.
struct FlowTests {
    @Test("RFC 6455 5.5.3: a ping is answered with its payload, in its place") func answersPings() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.recorder.onReceived = { _ = harness.client.send(text: "echo") }
        try harness.serve { encoder, buffer in
            encoder.encodePing(ByteBuffer(string: "1"), into: &buffer)
            encoder.encode(WebSocketMessageBatch(text: "a"), into: &buffer)
            encoder.encodePing(ByteBuffer(string: "2"), into: &buffer)
        }
        #expect(try harness.sentFrames() == ["pong 1", "text echo", "pong 2"])
        harness.recorder.onReceived = nil
    }

    @Test func allThatIsSentInOneTurnLeavesInOneWrite() throws {
        let harness = try ClientHarness()
        try harness.establish()
        for text in ["a", "b", "c"] { #expect(harness.client.send(text: text)) }
        #expect(try harness.channel.readOutbound(as: ByteBuffer.self) == nil)
        harness.loop.run()
        let buffer = try #require(try harness.channel.readOutbound(as: ByteBuffer.self))
        #expect(buffer.readableBytes == 3 * 7)
        #expect(try harness.channel.readOutbound(as: ByteBuffer.self) == nil)
    }

    @Test func sendTakesWhatThereIsRoomForAndTellsWhenThereIsMore() throws {
        let harness = try ClientHarness { $0.outboundLimit = 100 }
        try harness.establish()
        var batch = WebSocketMessageBatch()
        for _ in 0..<4 { batch.append(repeatElement(0x61, count: 30), kind: .text) }
        #expect(harness.client.send(batch) == 2)
        #expect(harness.client.isWritable)
        #expect(harness.client.send(WebSocketMessageBatch(bytes: batch.bytes, messages: [batch.messages[0]])) == 0)
        #expect(harness.events == [])
        harness.loop.run()
        #expect(harness.events == ["writable"])
        #expect(harness.client.send(text: "x"))
    }

    @Test func aMessageLargerThanTheLimitGoesAlone() throws {
        let harness = try ClientHarness { $0.outboundLimit = 100 }
        try harness.establish()
        #expect(harness.client.send(text: String(repeating: "x", count: 1000)))
        #expect(!harness.client.send(text: "y"))
        #expect(try harness.sentFrames().count == 1)
        #expect(harness.client.send(text: "y"))
    }

    @Test func nothingIsSentUnlessEstablished() throws {
        let harness = try ClientHarness()
        #expect(!harness.client.send(text: "x"))
        #expect(!harness.client.isWritable)
        harness.client.connect()
        try harness.accept()
        #expect(!harness.client.send(text: "x"))
        try harness.answerHandshake()
        #expect(harness.client.send(text: "x"))
    }

    @Test("a flood of pings to a slow network is answered by the last pong alone") func pingFlood() throws {
        let harness = try ClientHarness { $0.outboundLimit = 50 }
        try harness.establish()
        try harness.serve { encoder, buffer in
            for number in 0..<100 { encoder.encodePing(ByteBuffer(string: "\(number)"), into: &buffer) }
        }
        let frames = try harness.sentFrames()
        #expect(frames.count < 10)
        #expect(frames.last == "pong 99")
    }

    @Test func whilePausedNothingIsDeliveredAndNothingIsLost() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.client.pauseReading()
        try harness.serve(texts: "a")
        try harness.serve(texts: "b")
        #expect(harness.events == [])
        harness.drop()
        #expect(harness.events == ["established"], "the end waits for what was read before it")
        #expect(
            harness.client.status.reason
                == "server ended the connection; it left while we did not read; what it sent before still waits to be read"
        )
        harness.client.resumeReading()
        #expect(
            harness.events == [
                "received a", "received b", "backoff",
                "event disconnected 1006 true server ended the connection without a close frame; "
                    + "it left while we did not read",
            ]
        )
    }

    @Test func aPauseOutlastsTheConnection() throws {
        let harness = try ClientHarness()
        harness.client.pauseReading()
        try harness.establish()
        try harness.serve(texts: "a")
        #expect(harness.events == [])
        harness.client.resumeReading()
        #expect(harness.events == ["received a"])
    }

    @Test func disconnectWhilePausedDeliversWhatWasReadAndCloses() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.client.pauseReading()
        try harness.serve(texts: "a")
        harness.drop()
        harness.client.disconnect()
        #expect(
            harness.events == [
                "established", "received a", "disconnected",
                "event disconnected 1006 true server ended the connection without a close frame; "
                    + "it left while we did not read",
            ]
        )
    }

    @Test func whatComesAfterADisconnectWhilePausedIsCounted() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.client.pauseReading()
        harness.client.disconnect()
        try harness.serve(texts: "a")
        try harness.serve(texts: "b")
        #expect(harness.events == ["rejected 1 closing", "rejected 1 closing"])
    }

    @Test("S2: a broken rule ends the connection with its code, after what came before it") func brokenRule() throws {
        let harness = try ClientHarness()
        try harness.establish()
        try harness.serve { encoder, buffer in
            encoder.encode(WebSocketMessageBatch(text: "good"), into: &buffer)
            buffer.writeBytes([0x83, 0x00])
            encoder.encode(WebSocketMessageBatch(text: "ignored"), into: &buffer)
        }
        #expect(harness.events == ["received good"])
        #expect(try harness.sentFrames() == ["close 1002"])
        harness.drop()
        #expect(
            harness.events == [
                "backoff",
                "event disconnected 1002 true "
                    + "server broke the WebSocket protocol: a frame has the unknown opcode 3",
            ]
        )
    }

    @Test("S3: a message that declares too much is refused before it comes") func tooLarge() throws {
        let harness = try ClientHarness { $0.maxMessageSize = 1000 }
        try harness.establish()
        try harness.receive(ByteBuffer(bytes: [0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]))
        #expect(harness.events == ["rejected 1 too_large"])
        #expect(try harness.sentFrames() == ["close 1009"])
        harness.advance(by: .seconds(1))
        #expect(harness.client.status.closeCode == .messageTooBig)
        #expect(
            harness.client.status.reason
                == "server sent too much: a message declares 4611686018427387904 bytes, above the limit of 1000"
        )
    }

    @Test func aDeadServerIsNoticedByItsMissingPong() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.advance(by: .seconds(20))
        #expect(try harness.sentFrames() == ["ping 1"])
        try harness.serve { $0.encodePong(ByteBuffer(string: "1"), into: &$1) }
        harness.advance(by: .seconds(20))
        #expect(try harness.sentFrames() == ["ping 2"])
        harness.advance(by: .seconds(10))
        #expect(
            harness.events == [
                "backoff", "event disconnected 1006 true server did not answer a ping within 10 s",
            ]
        )
    }

    @Test func deadlinesStandStillWhilePaused() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.client.pauseReading()
        harness.advance(by: .hours(1))
        #expect(harness.events == [])
        #expect(try harness.sentFrames().count == 2 * 180, "pings go on, and a pong with each")
        harness.client.resumeReading()
        harness.advance(by: .seconds(10))
        #expect(harness.client.status.state == .backoff)
    }

    @Test("RFC 6455 5.5.1: nothing is sent behind our close frame, no ping either") func noPingWhileClosing() throws {
        let harness = try ClientHarness { $0.keepAlive = .init(interval: .seconds(1), timeout: .seconds(1)) }
        try harness.establish()
        harness.client.disconnect()
        #expect(try harness.sentFrames() == ["close 1000"])
        harness.advance(by: .seconds(3))
        #expect(try harness.channel.readOutbound(as: ByteBuffer.self) == nil)
        #expect(harness.channel.isActive, "the answer may take its time")
    }

    @Test("without keep-alive no timer is left") func noTimer() throws {
        let harness = try ClientHarness { $0.keepAlive.isEnabled = false }
        try harness.establish()
        harness.advance(by: .hours(24))
        #expect(try harness.sentFrames() == [])
        #expect(harness.events == [])
    }
}
