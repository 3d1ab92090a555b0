import NIOCore
import NIOEmbedded
import Testing

@_spi(Codec) @testable import WSClient

/// Where the keys of a client's frames come from, in a client as anyone makes it.
struct MaskingWiringTests {
    @Test("S1: a client takes its keys from the kernel, and nothing in its configuration says otherwise")
    func keysComeFromTheKernel() throws {
        let harness = try ClientHarness()
        try harness.establish()
        let handler = try harness.channel.pipeline.syncOperations.handler(type: ConnectionHandler.self)
        let keys = try #require(Mirror(reflecting: handler.encoder).descendant("keys"))
        let generator = try #require(Mirror(reflecting: keys).descendant("generator"))
        #expect(generator is KernelRandomNumberGenerator)
        let settings = Mirror(reflecting: WebSocketClientConfiguration(url: try WebSocketURL("ws://h"))).children
        #expect(!settings.contains { $0.value is any RandomNumberGenerator })
    }

    @Test("S1: two clients that send the same send other bytes")
    func clientsDiffer() throws {
        var frames: [ByteBuffer] = []
        for _ in 0..<2 {
            let harness = try ClientHarness()
            try harness.establish()
            #expect(harness.client.send(text: "the same"))
            harness.loop.run()
            frames.append(try #require(try harness.channel.readOutbound(as: ByteBuffer.self)))
        }
        #expect(frames[0] != frames[1])
        #expect(frames[0].readableBytes == frames[1].readableBytes)
    }
}
