import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

/// What came out of the handler at the inner side.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var reads: [ByteBuffer] = []
    var errors: [TLSError] = []
    var completed: TLSHandshakeCompleted?
    var isInactive = false
    var onCompleted: (ChannelHandlerContext) -> Void = { _ in }
    var onReadComplete: (ChannelHandlerContext) -> Void = { _ in }

    var bytes: [UInt8] { reads.flatMap { $0.readableBytesView } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reads.append(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        onReadComplete(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError { errors.append(error) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? TLSHandshakeCompleted else { return }
        completed = event
        onCompleted(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isInactive = true
    }
}

/// A client channel and a server that talk through memory, in pieces of any size.
final class Conversation {
    let channel: EmbeddedChannel
    let recorder = Recorder()
    let server: ServerPeer
    /// Bytes the client sent, for tests that look at the wire.
    private(set) var clientBytes: [UInt8] = []
    /// The size of the next piece for the client; by default everything there is.
    var pieceSize: () -> Int = { .max }

    init(_ context: TLSContext, server: ServerPeer, isPumped: Bool = true) throws {
        self.server = server
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers(TLSClientHandler(context: context), recorder)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 443)).wait()
        if isPumped { pump() }
    }

    deinit {
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    /// Carries bytes both ways until neither side has any to send.
    func pump() {
        while true {
            let fromClient = takeFromClient()
            server.take(fromClient)
            let fromServer = server.give()
            guard !(fromClient.isEmpty && fromServer.isEmpty) else { return }
            deliver(fromServer)
        }
    }

    /// Gives bytes to the client as the wire would, piece by piece.
    func deliver(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty, channel.isActive {
            let piece = rest.prefix(max(1, pieceSize()))
            rest = rest.dropFirst(piece.count)
            _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
        }
    }

    func takeFromClient() -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) {
            bytes += buffer.readableBytesView
        }
        clientBytes += bytes
        return bytes
    }

    var isOpen: Bool { channel.isActive }

    /// The handshake's outcome: the first error, if there was one.
    var error: TLSError? { recorder.errors.first }

    /// The refused certificate, if that is the outcome.
    var certificateFailure: CertificateFailure? {
        guard case .certificate(let failure) = error else { return nil }
        return failure
    }
}

/// A handshake with `server` under `configuration`, as it would be at a connect to `host`.
func converse(
    _ configuration: TLSConfiguration,
    host: String = "broker.example.com",
    applicationProtocols: [String] = [],
    with server: ServerPeer
) throws -> Conversation {
    try Conversation(
        TLSContext(configuration, host: host, applicationProtocols: applicationProtocols),
        server: server
    )
}
