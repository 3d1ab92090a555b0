import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A plain MQTT 5 client for tests, independent of the one under test.
package final class MQTTTestClient: Sendable {
    fileprivate struct State {
        var messages: [MQTTMessage] = []
        var connackCode: UInt8?
        var subackCodes: [UInt8] = []
        var acknowledged = 0
        var identifier: UInt16 = 0
        var isClosed = false
    }

    fileprivate final class Inbox: Sendable {
        let state = NIOLockedValueBox(State())
    }

    private let inbox: Inbox
    private let channel: any Channel

    fileprivate init(
        port: Int,
        clientID: String,
        user: String?,
        password: String?,
        sessionExpiry: UInt32
    ) async throws {
        let inbox = Inbox()
        self.inbox = inbox
        channel = try await ClientBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PacketHandler(inbox: inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let connect = MQTTPacket.connect(
            clientID: clientID,
            user: user,
            password: password,
            sessionExpiry: sessionExpiry
        )
        try await channel.writeAndFlush(connect)
        let code = try await eventualValue(of: "CONNACK") {
            inbox.state.withLockedValue { $0.isClosed ? 0xff : $0.connackCode }
        }
        guard code == 0 else { throw SetupError("the broker refused the test's client: \(code)") }
    }

    /// What was delivered so far, in order.
    package var messages: [MQTTMessage] { inbox.state.withLockedValue { $0.messages } }

    /// How many messages were delivered so far.
    package var count: Int { inbox.state.withLockedValue { $0.messages.count } }

    /// How many of our QoS 1 messages the broker acknowledged.
    package var acknowledged: Int { inbox.state.withLockedValue { $0.acknowledged } }

    package var isClosed: Bool { inbox.state.withLockedValue { $0.isClosed } }

    /// Forgets what was delivered.
    package func forget() { inbox.state.withLockedValue { $0.messages = [] } }

    package func subscribe(_ filter: String, qos: Int = 1) async throws {
        let before = inbox.state.withLockedValue { $0.subackCodes.count }
        try await channel.writeAndFlush(MQTTPacket.subscribe(filter, qos: qos))
        try await eventually("SUBACK for \(filter)") { inbox.state.withLockedValue { $0.subackCodes.count } > before }
    }

    /// Publishes; at QoS 1 returns when the broker has acknowledged.
    package func publish(_ topic: String, _ payload: [UInt8], qos: Int = 1, retain: Bool = false) async throws {
        try await publish([(topic, payload)], qos: qos, retain: retain)
    }

    package func publish(_ topic: String, _ text: String, qos: Int = 1, retain: Bool = false) async throws {
        try await publish(topic, Array(text.utf8), qos: qos, retain: retain)
    }

    /// Publishes many in order, without waiting for each; at QoS 1 returns when the broker has acknowledged all.
    package func publish(
        _ messages: some Sequence<(String, [UInt8])>,
        qos: Int = 1,
        retain: Bool = false
    ) async throws {
        let before = acknowledged
        var count = 0
        for (topic, payload) in messages {
            let identifier = inbox.state.withLockedValue { state in
                state.identifier = state.identifier == .max ? 1 : state.identifier + 1
                return state.identifier
            }
            channel.write(
                MQTTPacket.publish(topic, payload, qos: qos, retain: retain, identifier: identifier),
                promise: nil
            )
            count += 1
            // Stays below the broker's receive maximum and lets the socket drain.
            if count.isMultiple(of: 16) {
                channel.flush()
                if qos > 0 { try await settle(before + count - 8) }
            }
        }
        channel.flush()
        if qos > 0 { try await settle(before + count) }
    }

    /// Publishes a message at QoS 1 whose sender may want an answer, with user properties.
    package func request(
        _ topic: String,
        _ text: String,
        answerTo response: String?,
        correlation: String = "",
        userProperties: [(name: String, value: String)] = []
    ) async throws {
        let before = acknowledged
        let identifier = inbox.state.withLockedValue { state in
            state.identifier = state.identifier == .max ? 1 : state.identifier + 1
            return state.identifier
        }
        let packet = MQTTPacket.request(
            topic,
            Array(text.utf8),
            qos: 1,
            answerTo: response,
            Array(correlation.utf8),
            userProperties: userProperties,
            identifier: identifier
        )
        try await channel.writeAndFlush(packet)
        try await settle(before + 1)
    }

    private func settle(_ target: Int) async throws {
        try await eventually("PUBACK number \(target)", within: .seconds(60)) {
            if isClosed { throw SetupError("the broker closed the test's client") }
            return acknowledged >= target
        }
    }

    /// The first message, from `start` on, on `topic` for which `matches` holds.
    package func message(
        on topic: String,
        after start: Int = 0,
        within limit: Duration = .seconds(20),
        where matches: (MQTTMessage) -> Bool = { _ in true }
    ) async throws -> MQTTMessage {
        do {
            return try await eventualValue(of: "a message on \(topic)", within: limit) {
                messages.dropFirst(start).first { $0.topic == topic && matches($0) }
            }
        } catch let error as DeadlinePassed {
            let seen = messages.suffix(40).map {
                "\($0.topic) \($0.isRetained ? "(retained) " : "")\($0.text.prefix(200))"
            }
            throw DeadlinePassed(
                "a message on \(topic)",
                within: limit,
                context: "\(error)\nlast messages:\n\(seen.joined(separator: "\n"))"
            )
        }
    }

    fileprivate func close() async {
        try? await channel.writeAndFlush(MQTTPacket.disconnect())
        try? await channel.close()
    }

    /// Handles the packets that the broker sends.
    private final class PacketHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let inbox: Inbox
        private var buffer = ByteBuffer()

        init(inbox: Inbox) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var read = unwrapInboundIn(data)
            buffer.writeBuffer(&read)
            while let (first, packet) = buffer.readMQTTPacket() {
                var body = packet
                handle(first, &body, context)
            }
            buffer.discardReadBytes()
        }

        func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

        func channelInactive(context: ChannelHandlerContext) {
            inbox.state.withLockedValue { $0.isClosed = true }
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func handle(_ first: UInt8, _ body: inout ByteBuffer, _ context: ChannelHandlerContext) {
            switch first >> 4 {
            case 2:
                let code = body.getInteger(at: body.readerIndex + 1, as: UInt8.self)
                inbox.state.withLockedValue { $0.connackCode = code }
            case 3:
                guard let (message, identifier) = body.readMQTTMessage(first: first) else { return }
                inbox.state.withLockedValue { $0.messages.append(message) }
                if message.qos == 1 { context.write(wrapOutboundOut(MQTTPacket.puback(identifier)), promise: nil) }
            case 4:
                inbox.state.withLockedValue { $0.acknowledged += 1 }
            case 9:
                let code = body.readableBytesView.last ?? 0xff
                inbox.state.withLockedValue { $0.subackCodes.append(code) }
            default:
                break
            }
        }
    }
}

/// A client of `broker` for the duration of `body`.
///
/// `sessionExpiry` above 0 (seconds) keeps its session over a restart.
package func withMQTTClient<Result>(
    of broker: MosquittoBroker,
    clientID: String = "test-\(UInt32.random(in: 0...UInt32.max))",
    user: String? = nil,
    password: String? = nil,
    sessionExpiry: UInt32 = 0,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (MQTTTestClient) async throws -> Result
) async throws -> Result {
    try await withMQTTClient(
        ofPort: broker.port,
        clientID: clientID,
        user: user,
        password: password,
        sessionExpiry: sessionExpiry,
        body
    )
}

/// A client of the broker at a loopback port for the duration of `body`.
package func withMQTTClient<Result>(
    ofPort port: Int,
    clientID: String = "test-\(UInt32.random(in: 0...UInt32.max))",
    user: String? = nil,
    password: String? = nil,
    sessionExpiry: UInt32 = 0,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (MQTTTestClient) async throws -> Result
) async throws -> Result {
    let client = try await MQTTTestClient(
        port: port,
        clientID: clientID,
        user: user,
        password: password,
        sessionExpiry: sessionExpiry
    )
    do {
        let result = try await body(client)
        await client.close()
        return result
    } catch {
        await client.close()
        throw error
    }
}

/// Records what `broker` delivers on `filters` for the duration of `body`; subscribed when `body` begins.
package func withMQTTRecorder<Result>(
    of broker: MosquittoBroker,
    _ filters: String...,
    qos: Int = 1,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (MQTTTestClient) async throws -> Result
) async throws -> Result {
    try await withMQTTClient(of: broker) { client in
        for filter in filters.isEmpty ? ["#"] : filters {
            try await client.subscribe(filter, qos: qos)
        }
        return try await body(client)
    }
}
