import Glibc
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// While reading is paused: the server hears that we live, and if it leaves the reason says that we did not read.
struct UnreadTests {
    private func paused(
        _ change: (inout WebSocketClientConfiguration) -> Void = { _ in }
    ) throws -> ClientHarness {
        let harness = try ClientHarness {
            $0.pausedAdvice = "read faster"
            change(&$0)
        }
        try harness.establish()
        harness.client.pauseReading()
        return harness
    }

    @Test("RFC 6455 5.5.3: a pong goes out unasked with each ping, and none when reading goes on") func pongs() throws {
        let harness = try paused()
        harness.advance(by: .seconds(20))
        #expect(try harness.sentFrames() == ["ping 1", "pong "])
        harness.advance(by: .seconds(20))
        #expect(try harness.sentFrames() == ["ping 2", "pong "])
        harness.client.resumeReading()
        try harness.serve { encoder, buffer in encoder.encodePong(ByteBuffer(), into: &buffer) }
        harness.advance(by: .seconds(20))
        #expect(try harness.sentFrames() == ["ping 3"])
        #expect(harness.client.status.state == .established, "the empty pong was an answer")
    }

    @Test func withoutPingsThePongsGoOutAllTheSame() throws {
        let harness = try paused { $0.keepAlive.isEnabled = false }
        harness.advance(by: .seconds(41))
        #expect(try harness.sentFrames() == ["pong ", "pong "])
        harness.client.resumeReading()
        harness.advance(by: .seconds(60))
        #expect(try harness.sentFrames() == [])
    }

    @Test func aPausedConnectionThatIsBeingClosedSendsNoPong() throws {
        let harness = try paused()
        harness.client.disconnect()
        #expect(try harness.sentFrames() == ["close 1000"])
        harness.advance(by: .seconds(20))
        #expect(try harness.sentFrames() == [])
    }

    @Test(
        "any pong behind our ping is an answer",
        arguments: ["", "1", "2", "hello", "18446744073709551616", String(repeating: "x", count: 125)]
    )
    func anyPong(payload: String) throws {
        let harness = try ClientHarness()
        try harness.establish()
        for _ in 0..<3 {
            harness.advance(by: .seconds(20))
            try harness.serve { encoder, buffer in encoder.encodePong(ByteBuffer(string: payload), into: &buffer) }
        }
        harness.advance(by: .seconds(10))
        #expect(harness.client.status.state == .established)
    }

    @Test func theReasonSaysThatWeDidNotRead() throws {
        let harness = try paused()
        harness.advance(by: .seconds(35))
        harness.drop()
        #expect(
            harness.client.status.reason
                == "server ended the connection without a close frame; it left while we did not read for 35 s: read faster"
        )
    }

    @Test func alsoWhereItSaidWhyBehindWhatWaited() throws {
        let harness = try paused()
        try harness.serve(texts: "a")
        harness.advance(by: .seconds(35))
        // What the network held back comes once reading goes on.
        harness.client.resumeReading()
        try harness.serve { encoder, buffer in
            encoder.encodeClose(
                CloseFrame(code: .init(rawValue: 1011), reason: "keepalive ping timeout"),
                into: &buffer
            )
        }
        harness.drop()
        let reason = try #require(harness.client.status.reason)
        #expect(reason.hasPrefix("server closed the connection: 1011"))
        #expect(reason.hasSuffix("\"keepalive ping timeout\"; it left while we did not read for 35 s: read faster"))
    }

    /// A server that leaves with our pongs unread resets the connection behind its own farewell.
    @Test func whatTheServerSaidBeforeAResetHasItsSayFirst() throws {
        let harness = try paused()
        try harness.serve { encoder, buffer in
            encoder.encode(WebSocketMessageBatch(text: "a"), into: &buffer)
            encoder.encodeClose(CloseFrame(code: .init(rawValue: 1011), reason: "enough"), into: &buffer)
        }
        harness.channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read"))
        harness.drop()
        _ = harness.events
        harness.client.resumeReading()
        #expect(harness.events.first == "received a")
        #expect(harness.client.status.closeCode?.rawValue == 1011)
        #expect(harness.client.status.reason?.hasPrefix("server closed the connection: 1011") == true)

        let silent = try paused()
        try silent.serve(texts: "a")
        silent.channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read"))
        silent.drop()
        silent.client.resumeReading()
        #expect(silent.client.status.reason?.hasPrefix("connection reset") == true)
    }

    @Test func notWhereWeHadReadAllAlongOrEndedItOurselves() throws {
        let read = try paused()
        read.advance(by: .seconds(35))
        read.client.resumeReading()
        read.advance(by: .seconds(6))
        read.drop()
        #expect(read.client.status.reason == "server ended the connection without a close frame")

        let ours = try paused()
        ours.advance(by: .seconds(35))
        ours.client.giveUp(because: "of no use")
        ours.drop()
        #expect(ours.client.status.reason == "of no use")
    }

    @Test func theEndIsSaidAtOnceThoughMessagesWait() throws {
        let harness = try paused()
        try harness.serve(texts: "a")
        _ = harness.events
        harness.advance(by: .seconds(2))
        harness.drop()
        let reason =
            "server ended the connection; it left while we did not read for 2 s: read faster; "
            + "what it sent before still waits to be read"
        #expect(harness.client.status.state == .established && harness.client.status.reason == reason)
        #expect(harness.log.lines.contains { $0.contains(reason) })
        #expect(!harness.client.isWritable)
        harness.client.resumeReading()
        #expect(harness.client.status.state == .backoff)
    }
}
