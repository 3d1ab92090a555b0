import NIOCore
import NIOEmbedded
import Testing

@_spi(Codec) @testable import WSClient

/// A server that keeps the event loop busy for longer than our deadlines last.
struct LateLoopTests {
    @Test("S2: the close frame leaves before anything else can end the connection")
    func closeFrameLeavesAtOnce() throws {
        let harness = try ClientHarness()
        try harness.establish()
        _ = try harness.sentFrames()
        // The event loop's turn doesn't end: nothing that was put off is done.
        try harness.channel.writeInbound(ByteBuffer(bytes: [0x83, 0x00]))
        let frame = try harness.channel.readOutbound(as: ByteBuffer.self)
        var decoder = MessageDecoder(endpoint: .server)
        decoder.receive(frame ?? ByteBuffer())
        guard case .close(let close)? = decoder.next() else {
            Issue.record("no close frame")
            return
        }
        #expect(close.code == .protocolError)
    }
}
