import NIOCore
import NIOPosix

/// Opens connections.
///
/// Tests bring their own.
struct Connector {
    /// Reads begin only when the channel's pipeline is complete: `autoRead` is off.
    ///
    /// `detail` is told what happens on the way.
    var connect:
        (
            _ target: ConnectTarget, _ timeout: TimeAmount, _ eventLoop: any EventLoop,
            _ detail: @escaping (String) -> Void
        ) -> PendingConnection

    /// Over the network: all addresses of a name, staggered (RFC 8305), the one that worked last time first.
    ///
    /// One for each client: it remembers that address.
    static var network: Connector {
        let memory = AddressMemory()
        return Connector { target, timeout, eventLoop, detail in
            switch target.place {
            case .unix(let path):
                return PendingConnection(channel: openSocket(path, timeout, eventLoop))
            case .tcp(let host, let port):
                let happyEyeballs = HappyEyeballs(
                    host: host,
                    port: port,
                    resolver: .shared,
                    memory: memory,
                    eventLoop: eventLoop,
                    open: { openSocket($0, timeout, eventLoop) },
                    detail: detail
                )
                return happyEyeballs.start()
            }
        }
    }

    private static func openSocket(
        _ address: SocketAddress,
        _ timeout: TimeAmount,
        _ eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        bootstrap(timeout, eventLoop).connect(to: address)
    }

    private static func openSocket(
        _ path: String,
        _ timeout: TimeAmount,
        _ eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        bootstrap(timeout, eventLoop).connect(unixDomainSocketPath: path)
            .flatMapErrorThrowing { throw UnixSocketFailure($0, path: path) }
    }

    private static func bootstrap(_ timeout: TimeAmount, _ eventLoop: any EventLoop) -> ClientBootstrap {
        // One read a turn, of up to 256 KiB: NIO keeps that buffer for the next read, if nobody kept a slice.
        let reads = AdaptiveRecvByteBufferAllocator(minimum: 4 << 10, initial: 16 << 10, maximum: 256 << 10)
        // A little later than the attempt's own deadline, which says more.
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout + .seconds(1))
            .channelOption(.autoRead, value: false)
            .channelOption(.recvAllocator, value: reads)
            .channelOption(.maxMessagesPerRead, value: 1)
    }
}

/// A connection on its way.
struct PendingConnection {
    var channel: EventLoopFuture<any Channel>
    /// Ends it, and says how far it came; `nil` if there is nothing to say but that time is over.
    var abandon: () -> String? = { nil }
}

/// The addresses that worked last, by host: a few, for a redirect may lead elsewhere.
///
/// Confined to its client's event loop.
final class AddressMemory {
    private static let most = 8
    private var addresses: [String: SocketAddress] = [:]

    subscript(host: String, port: Int) -> SocketAddress? {
        get { addresses["\(host):\(port)"] }
        set {
            if addresses.count >= Self.most { addresses.removeAll() }
            addresses["\(host):\(port)"] = newValue
        }
    }
}
