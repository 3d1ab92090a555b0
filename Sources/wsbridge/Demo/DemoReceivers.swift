import Foundation
import NIOCore
import NIOPosix

/// A UDP listener as old equipment has one.
struct DemoUDPListener {
    private let channel: any Channel
    let port: Int

    static func start(on eventLoop: any EventLoop, report: DemoReport) async throws -> DemoUDPListener {
        let channel = try await DatagramBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DemoDatagrams(report))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return DemoUDPListener(channel: channel, port: channel.localAddress?.port ?? 0)
    }

    /// Sends a datagram from here to another loopback port.
    func send(_ text: String, to port: Int) async throws {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: ByteBuffer(string: text)))
    }

    func stop() async { try? await channel.close() }
}

private final class DemoDatagrams: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let report: DemoReport

    init(_ report: DemoReport) {
        self.report = report
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        report.arrived(.toUDP, String(buffer: unwrapInboundIn(data).data))
    }
}

/// A program that reads lines from a named pipe, and one that writes some.
struct DemoFIFOs {
    private let reader: FileHandle

    /// Waits until the gateway has made the pipe, and reads it.
    static func start(reading path: String, report: DemoReport) throws -> DemoFIFOs {
        // Reading and writing, so that opening needs no peer; a reader in the shell would be `cat`.
        let descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
        let reader = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let lines = DemoLines { report.arrived(.toFIFO, $0) }
        reader.readabilityHandler = { lines.feed($0.availableData) }
        return DemoFIFOs(reader: reader)
    }

    func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
        try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: Data((text + "\n").utf8))
    }

    func stop() { reader.readabilityHandler = nil }
}
