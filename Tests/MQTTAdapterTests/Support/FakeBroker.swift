import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport

/// A server that speaks as much MQTT as a test needs, and misbehaves as the test says.
final class FakeBroker: Sendable {
    enum Kind: UInt8, Sendable {
        case connect = 1, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback
        case pingreq, pingresp, disconnect, auth
    }

    struct Packet: Sendable {
        var kind: Kind
        var flags: UInt8
        var body: [UInt8]
        /// 5, or 4 for 3.1.1.
        var version: UInt8
        /// Which connection it came on, from 1.
        var connection = 0

        /// The packet identifier of a PUBLISH at QoS 1 or 2, a PUBACK, a SUBSCRIBE and so on.
        var identifier: [UInt8] {
            guard kind == .publish else { return Array(body.prefix(2)) }
            let length = Int(body[0]) << 8 | Int(body[1])
            return Array(body[(2 + length)..<(4 + length)])
        }

        var qos: UInt8 { flags >> 1 & 3 }

        var isRetained: Bool { flags & 1 == 1 }

        /// Of a PUBLISH, or the filter of a SUBSCRIBE.
        var topic: String {
            let start = kind == .publish ? 0 : version == 5 ? 3 + Int(body[2]) : 2
            let length = Int(body[start]) << 8 | Int(body[start + 1])
            return String(decoding: body[(start + 2)..<(start + 2 + length)], as: UTF8.self)
        }

        /// Of a PUBLISH.
        var text: String {
            var start = 2 + topic.utf8.count + (qos > 0 ? 2 : 0)
            if version == 5 { start += 1 + Int(body[start]) }
            return String(decoding: body[start...], as: UTF8.self)
        }

        /// Of a CONNECT: whether there is a will, and whether it is to be retained.
        var hasWill: Bool { body[7] & 4 != 0 }
        var hasRetainedWill: Bool { body[7] & 0x20 != 0 }
    }

    /// What to send in answer to a packet.
    typealias Answer = @Sendable (Packet) -> [UInt8]

    /// Whether to hang up after a packet; its answer goes out before.
    typealias HangUp = @Sendable (Packet) -> Bool

    private struct State {
        var packets: [Packet] = []
        var channels: [any Channel] = []
        var closed = 0
    }

    private let state = NIOLockedValueBox(State())
    private let answer: Answer
    private let channel: NIOLockedValueBox<(any Channel)?> = NIOLockedValueBox(nil)

    private let hangsUp: HangUp

    fileprivate init(answer: @escaping Answer, hangsUp: @escaping HangUp) {
        self.answer = answer
        self.hangsUp = hangsUp
    }

    var port: Int { channel.withLockedValue { $0?.localAddress?.port ?? 0 } }

    /// All packets of all connections so far.
    var packets: [Packet] { state.withLockedValue { $0.packets } }

    func count(_ kind: Kind) -> Int { packets.count { $0.kind == kind } }

    var connections: Int { state.withLockedValue { $0.channels.count } }

    var closedConnections: Int { state.withLockedValue { $0.closed } }

    /// Sends bytes on the newest connection.
    func send(_ bytes: [UInt8]) async throws {
        guard let channel = state.withLockedValue({ $0.channels.last }) else { throw ChannelError.ioOnClosedChannel }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func closeConnection() async throws {
        try await state.withLockedValue { $0.channels.last }?.close()
    }

    fileprivate func listen(host: String, port: Int) async throws {
        let listener = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let number = self.state.withLockedValue { state in
                    state.channels.append(channel)
                    return state.channels.count
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(self, number: number))
                }
            }
            .bind(host: host, port: port).get()
        channel.withLockedValue { $0 = listener }
    }

    fileprivate func close() async {
        try? await channel.withLockedValue { $0 }?.close()
        for channel in state.withLockedValue({ $0.channels }) { try? await channel.close() }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let broker: FakeBroker
        private var buffer = ByteBuffer()
        private var version: UInt8 = 5

        private let number: Int
        private var hasHungUp = false

        init(_ broker: FakeBroker, number: Int) {
            self.broker = broker
            self.number = number
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var read = unwrapInboundIn(data)
            buffer.writeBuffer(&read)
            while !hasHungUp, let (first, kind, body) = nextPacket() {
                if kind == .connect, body.count > 6 { version = body[6] }
                let packet = Packet(kind: kind, flags: first & 15, body: body, version: version, connection: number)
                broker.state.withLockedValue { $0.packets.append(packet) }
                let reply = broker.answer(packet)
                if !reply.isEmpty {
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply)), promise: nil)
                }
                if broker.hangsUp(packet) {
                    hasHungUp = true
                    context.close(promise: nil)
                }
            }
        }

        private func nextPacket() -> (UInt8, Kind, [UInt8])? {
            let start = buffer.readerIndex
            guard let first = buffer.readInteger(as: UInt8.self) else { return nil }
            var length = 0
            for shift in stride(from: 0, through: 21, by: 7) {
                guard let byte = buffer.readInteger(as: UInt8.self) else { break }
                length |= Int(byte & 0x7F) << shift
                if byte < 0x80 {
                    guard let body = buffer.readBytes(length: length), let kind = Kind(rawValue: first >> 4) else {
                        break
                    }
                    return (first, kind, body)
                }
            }
            buffer.moveReaderIndex(to: start)
            return nil
        }

        func channelInactive(context: ChannelHandlerContext) {
            broker.state.withLockedValue { $0.closed += 1 }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    // MARK: Packets

    static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
        var bytes = [first]
        var rest = body.count
        repeat {
            bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes + body
    }

    static func connack(_ version: UInt8, code: UInt8 = 0, properties: [UInt8] = []) -> [UInt8] {
        packet(0x20, [0, code] + (version == 5 ? [UInt8(properties.count)] + properties : []))
    }

    static func publish(
        _ topic: String,
        _ payload: [UInt8],
        qos: UInt8,
        identifier: UInt16 = 0,
        version: UInt8 = 5,
        properties: [UInt8] = []
    ) -> [UInt8] {
        publish(Array(topic.utf8), payload, qos: qos, identifier: identifier, version: version, properties: properties)
    }

    static func publish(
        _ topic: [UInt8],
        _ payload: [UInt8],
        qos: UInt8,
        identifier: UInt16 = 0,
        version: UInt8 = 5,
        properties: [UInt8] = []
    ) -> [UInt8] {
        var body = [UInt8(topic.count >> 8), UInt8(topic.count & 255)] + topic
        if qos > 0 { body += [UInt8(identifier >> 8), UInt8(identifier & 255)] }
        if version == 5 { body += [UInt8(properties.count)] + properties }
        return packet(0x30 | qos << 1, body + payload)
    }

    /// Accepts everything.
    static let friendly: Answer = { packet in
        switch packet.kind {
        case .connect: connack(packet.version)
        case .subscribe: FakeBroker.packet(0x90, packet.identifier + (packet.version == 5 ? [0] : []) + [1])
        case .publish where packet.qos == 1: FakeBroker.packet(0x40, packet.identifier)
        case .publish where packet.qos == 2: FakeBroker.packet(0x50, packet.identifier)
        case .pubrel: FakeBroker.packet(0x70, packet.identifier)
        case .pingreq: [0xD0, 0]
        default: []
        }
    }
}

/// Runs a fake broker for the duration of `body`.
func withFakeBroker<Result>(
    host: String = "127.0.0.1",
    port: Int = 0,
    isolation: isolated (any Actor)? = #isolation,
    answer: @escaping FakeBroker.Answer = FakeBroker.friendly,
    hangingUp hangsUp: @escaping FakeBroker.HangUp = { _ in false },
    _ body: (FakeBroker) async throws -> Result
) async throws -> Result {
    let broker = FakeBroker(answer: answer, hangsUp: hangsUp)
    try await broker.listen(host: host, port: port)
    do {
        let result = try await body(broker)
        await broker.close()
        return result
    } catch {
        await broker.close()
        throw error
    }
}
