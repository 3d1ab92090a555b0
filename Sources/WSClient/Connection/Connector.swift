import NIOCore
import NIOPosix

/// Opens TCP connections: all addresses of a name, staggered (RFC 8305).
///
/// Tests bring their own.
struct Connector {
    /// Reads begin only when the channel's pipeline is complete: `autoRead` is off.
    var connect:
        (_ url: WebSocketURL, _ timeout: TimeAmount, _ eventLoop: any EventLoop) -> EventLoopFuture<any Channel>

    static var tcp: Connector { Connector(connect: open) }

    private static func open(
        _ url: WebSocketURL,
        _ timeout: TimeAmount,
        _ eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        // One read a turn, of up to 256 KiB: NIO keeps that buffer for the next read, if nobody kept a slice.
        let reads = AdaptiveRecvByteBufferAllocator(minimum: 4 << 10, initial: 16 << 10, maximum: 256 << 10)
        return ClientBootstrap(group: eventLoop)
            .resolver(AddressLookup(host: url.host, port: url.port, eventLoop: eventLoop))
            .connectTimeout(timeout)
            .channelOption(.autoRead, value: false)
            .channelOption(.recvAllocator, value: reads)
            .channelOption(.maxMessagesPerRead, value: 1)
            .connect(host: url.host, port: url.port)
    }
}
