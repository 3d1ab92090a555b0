import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A proxy on a free loopback port: HTTP CONNECT or SOCKS5, or a plain relay from a Unix socket.
///
/// Every name it is asked for is `127.0.0.1` to it, so a name that exists nowhere else shows who looked it up. Made by
/// `withTestProxy`; used from any thread.
package final class TestProxy: Sendable {
    package enum Kind: Sendable, Equatable {
        case http
        case socks5
        /// Whoever connects is connected to this port of `127.0.0.1`.
        case relay(port: Int)
    }

    package struct Settings: Sendable {
        package var kind: Kind
        /// `user:password`; `nil` lets everybody in.
        package var login: String?
        /// Said to each CONNECT instead of connecting.
        package var refusal: String?
        /// Listens here instead of on a port.
        package var socketPath: String?

        package init(_ kind: Kind, login: String? = nil, refusal: String? = nil, socketPath: String? = nil) {
            self.kind = kind
            self.login = login
            self.refusal = refusal
            self.socketPath = socketPath
        }
    }

    package let port: Int
    fileprivate let group: MultiThreadedEventLoopGroup
    fileprivate let listener: any Channel
    private let record: NIOLockedValueBox<[String]>

    /// What it was asked for, in order: `host:port`.
    package var requests: [String] { record.withLockedValue { $0 } }

    fileprivate init(_ settings: Settings) async throws {
        let record = NIOLockedValueBox<[String]>([])
        self.record = record
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ProxyServerHandler(settings) { request in
                        record.withLockedValue { $0.append(request) }
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        do {
            listener =
                if let path = settings.socketPath {
                    try await bootstrap.bind(unixDomainSocketPath: path).get()
                } else {
                    try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
                }
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        port = listener.localAddress?.port ?? 0
    }

    fileprivate func stop() async {
        try? await listener.close()
        try? await group.shutdownGracefully()
    }
}

/// Runs a proxy for the duration of `body`.
package func withTestProxy<Result>(
    _ settings: TestProxy.Settings,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TestProxy) async throws -> Result
) async throws -> Result {
    let proxy = try await TestProxy(settings)
    do {
        let result = try await body(proxy)
        await proxy.stop()
        return result
    } catch {
        await proxy.stop()
        throw error
    }
}

/// The proxy's side of one connection: reads what is asked for, connects, and from then on passes bytes both ways.
private final class ProxyServerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case request
        case login
        case target
        case connecting
        case open(any Channel)
    }

    private let settings: TestProxy.Settings
    private let note: (String) -> Void
    private var state = State.request
    private var bytes: [UInt8] = []

    init(_ settings: TestProxy.Settings, note: @escaping (String) -> Void) {
        self.settings = settings
        self.note = note
    }

    func channelActive(context: ChannelHandlerContext) {
        if case .relay(let port) = settings.kind { connect(context, "127.0.0.1", port, answering: []) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .open(let peer) = state {
            peer.writeAndFlush(unwrapInboundIn(data), promise: nil)
            return
        }
        bytes += unwrapInboundIn(data).readableBytesView
        switch settings.kind {
        case .http: readCONNECT(context)
        case .socks5: readSOCKS(context)
        case .relay: break
        }
    }

    private func readCONNECT(_ context: ChannelHandlerContext) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasSuffix("\r\n\r\n") else { return }
        bytes = []
        let lines = text.split(separator: "\r\n")
        let target = lines[0].split(separator: " ")[1]
        note(String(target))
        if let refusal = settings.refusal { return say(context, Array(refusal.utf8), thenCloses: true) }
        if let login = settings.login {
            let expected = "Proxy-Authorization: Basic \(base64(login))"
            guard lines.contains(where: { $0 == expected }) else {
                let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"
                return say(context, Array(answer.utf8), thenCloses: true)
            }
        }
        let port = Int(target.split(separator: ":").last ?? "") ?? 0
        connect(context, "127.0.0.1", port, answering: Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8))
    }

    private func readSOCKS(_ context: ChannelHandlerContext) {
        switch state {
        case .request:
            guard bytes.count >= 2, bytes.count == 2 + Int(bytes[1]) else { return }
            let wanted: UInt8 = settings.login == nil ? 0 : 2
            let offers = bytes.dropFirst(2).contains(wanted)
            bytes = []
            state = wanted == 2 ? .login : .target
            say(context, [5, offers ? wanted : 0xFF], thenCloses: !offers)
        case .login:
            let login = settings.login?.split(separator: ":").map(String.init) ?? []
            let expected: [UInt8] = login.reduce(into: [1]) { $0 += [UInt8($1.utf8.count)] + Array($1.utf8) }
            guard bytes.count >= 2 else { return }
            let isRight = bytes == expected
            bytes = []
            state = .target
            say(context, [1, isRight ? 0 : 1], thenCloses: !isRight)
        case .target:
            guard bytes.count >= 5, bytes.count == (bytes[3] == 3 ? 7 + Int(bytes[4]) : bytes[3] == 1 ? 10 : 22) else {
                return
            }
            let port = Int(bytes[bytes.count - 2]) << 8 | Int(bytes[bytes.count - 1])
            let host: String =
                switch bytes[3] {
                case 3: String(decoding: bytes[5..<bytes.count - 2], as: UTF8.self)
                case 1: bytes[4..<8].map { "\($0)" }.joined(separator: ".")
                default: "an IPv6 address"
                }
            bytes = []
            note("\(host):\(port)")
            connect(context, "127.0.0.1", port, answering: [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        case .connecting, .open: break
        }
    }

    private func connect(_ context: ChannelHandlerContext, _ host: String, _ port: Int, answering answer: [UInt8]) {
        state = .connecting
        let channel = context.channel
        let me = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { peer in
                peer.eventLoop.makeCompletedFuture {
                    try peer.pipeline.syncOperations.addHandler(RelayHandler(to: channel))
                }
            }
            .connect(host: host, port: port)
            .whenComplete { result in
                let (handler, context) = me.value
                switch result {
                case .success(let peer): handler.opened(context, peer, answer)
                case .failure: handler.failed(context)
                }
            }
    }

    private func opened(_ context: ChannelHandlerContext, _ peer: any Channel, _ answer: [UInt8]) {
        state = .open(peer)
        if !answer.isEmpty { say(context, answer, thenCloses: false) }
        if !bytes.isEmpty { peer.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
        bytes = []
        if !context.channel.isActive { peer.close(promise: nil) }
    }

    private func failed(_ context: ChannelHandlerContext) {
        let answer: [UInt8] =
            settings.kind == .socks5
            ? [5, 5, 0, 1, 0, 0, 0, 0, 0, 0] : Array("HTTP/1.1 502 Bad Gateway\r\n\r\n".utf8)
        say(context, answer, thenCloses: true)
    }

    private func say(_ context: ChannelHandlerContext, _ bytes: [UInt8], thenCloses: Bool) {
        let channel = context.channel
        let sent = context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)))
        if thenCloses { sent.whenComplete { _ in channel.close(promise: nil) } }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .open(let peer) = state { peer.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func base64(_ text: String) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0..<4 {
                result.append(index <= group.count ? letters[bits >> (18 - 6 * index) & 63] : "=")
            }
        }
        return result
    }
}

/// The other half: what the server says goes to the client.
private final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel

    init(to other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
