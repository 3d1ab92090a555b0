import NIOCore
@_spi(Codec) import WSClient

/// A server's stream of equal messages, in reads of 64 KiB that cut messages as a socket does.
struct FrameStream {
    static let readSize = 64 << 10

    let reads: [ByteBuffer]
    let count: Int

    init(kind: WebSocketMessage.Kind, payload: [UInt8]) {
        let count = max(64, (4 << 20) / (payload.count + 14))
        var encoder = FrameEncoder(endpoint: .server)
        var stream = ByteBuffer()
        payload.withUnsafeBytes { bytes in
            for _ in 0..<count { encoder.encode(kind, bytes, into: &stream) }
        }
        var reads: [ByteBuffer] = []
        while stream.readableBytes > 0, let slice = stream.readSlice(length: min(Self.readSize, stream.readableBytes)) {
            reads.append(ByteBuffer(bytes: slice.readableBytesView))
        }
        self.reads = reads
        self.count = count
    }
}
