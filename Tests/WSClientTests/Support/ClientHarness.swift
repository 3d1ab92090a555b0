import Logging
import NIOCore
import NIOEmbedded
import TestSupport

@_spi(Codec) @testable import WSClient

/// A client on an in-memory network, with its time in the test's hands: both sides of the connection in one place.
final class ClientHarness {
    let loop = EmbeddedEventLoop()
    let log = LogRecorder()
    let client: WebSocketClient
    let recorder = EventRecorder()
    private(set) var channels: [EmbeddedChannel] = []
    private let network: Network

    private final class Network {
        var pending: [EventLoopPromise<any Channel>] = []
        var urls: [String] = []
        var wordsOfTimeout: String?
    }

    init(_ url: String = "ws://example.com/feed", _ change: (inout WebSocketClientConfiguration) -> Void = { _ in })
        throws
    {
        var configuration = WebSocketClientConfiguration(url: try WebSocketURL(url))
        change(&configuration)
        let network = Network()
        self.network = network
        client = WebSocketClient(
            configuration: configuration,
            eventLoop: loop,
            logger: log.logger(),
            connector: Connector { target, _, eventLoop, _ in
                network.urls.append("\(target.url)")
                let promise = eventLoop.makePromise(of: (any Channel).self)
                network.pending.append(promise)
                return PendingConnection(channel: promise.futureResult) { network.wordsOfTimeout }
            }
        )
        client.delegate = recorder
    }

    deinit {
        for promise in network.pending { promise.fail(ChannelError.eof) }
    }

    var events: [String] { recorder.take() }
    /// How far a connection on its way came, when nobody waits for it any more.
    var wordsOfTimeout: String? {
        get { network.wordsOfTimeout }
        set { network.wordsOfTimeout = newValue }
    }
    /// Where the client tried to connect to.
    var urls: [String] { network.urls }
    /// The connection under way.
    var channel: EmbeddedChannel { channels[channels.count - 1] }

    /// The network has a TCP connection for the client.
    func accept() throws {
        let channel = EmbeddedChannel(loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 80)).wait()
        channels.append(channel)
        network.pending.removeFirst().succeed(channel)
        loop.run()
    }

    func refuse(_ error: any Error) {
        network.pending.removeFirst().fail(error)
        loop.run()
    }

    /// What the client has sent and nobody read yet.
    func sent() throws -> String {
        var all = ByteBuffer()
        loop.run()
        while var buffer = try channel.readOutbound(as: ByteBuffer.self) { all.writeBuffer(&buffer) }
        return String(buffer: all)
    }

    /// The frames that the client has sent and nobody read yet, as `opcode payload`.
    func sentFrames() throws -> [String] {
        loop.run()
        var decoder = MessageDecoder(endpoint: .server)
        var frames: [String] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            decoder.receive(buffer)
            while let event = decoder.next() {
                switch event {
                case .messages(let batch):
                    frames += batch.messages.map { "\($0.kind) \(batch.text(of: $0))" }
                case .ping(let payload): frames.append("ping \(String(buffer: payload))")
                case .pong(let payload): frames.append("pong \(String(buffer: payload))")
                case .close(let frame): frames.append("close \(frame.code?.rawValue ?? 0)")
                case .violation(let violation): frames.append("violation \(violation)")
                }
            }
        }
        return frames
    }

    func receive(_ bytes: ByteBuffer) throws {
        try channel.writeInbound(bytes)
        loop.run()
    }

    func receive(_ text: String) throws {
        try receive(ByteBuffer(string: text))
    }

    /// The server sends frames.
    func serve(_ encode: (inout FrameEncoder, inout ByteBuffer) -> Void) throws {
        var encoder = FrameEncoder(endpoint: .server)
        var buffer = ByteBuffer()
        encode(&encoder, &buffer)
        try receive(buffer)
    }

    func serve(texts: String...) throws {
        try serve { encoder, buffer in
            for text in texts { encoder.encode(WebSocketMessageBatch(text: text), into: &buffer) }
        }
    }

    /// The whole way from `connect()` to `established`.
    func establish(headers: String = "", followedBy bytes: ByteBuffer = ByteBuffer()) throws {
        client.connect()
        try accept()
        try answerHandshake(headers: headers, followedBy: bytes)
        _ = events
    }

    /// The server's 101 to the request that the client has sent.
    func answerHandshake(headers: String = "", followedBy bytes: ByteBuffer = ByteBuffer()) throws {
        let request = try sent()
        let key = request.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }?.dropFirst(19)
        let accept = HandshakeKey(text: String(key ?? "")).accept
        var answer = ByteBuffer(
            string: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\(headers)\r\n"
        )
        answer.writeImmutableBuffer(bytes)
        try receive(answer)
    }

    /// The server ends TCP.
    func drop() {
        channel.close(promise: nil)
        loop.run()
    }

    func advance(by time: TimeAmount) {
        loop.advanceTime(by: time)
    }
}

/// What a delegate is told, as words.
final class EventRecorder: WebSocketClientDelegate {
    private var events: [String] = []
    var onReceived: (() -> Void)?
    /// Takes the gate of a next connection into its hands.
    var onPrepare: ((WebSocketSuccessor) -> Void)?
    /// Whether it tells what the connection before the present one receives from what that one does.
    var tellsPredecessor = false

    func take() -> [String] {
        defer { events = [] }
        return events
    }

    func webSocketClient(_ client: WebSocketClient, received batch: WebSocketMessageBatch) {
        events.append("received " + batch.messages.map { batch.text(of: $0) }.joined(separator: "|"))
        onReceived?()
    }

    func webSocketClient(_ client: WebSocketClient, receivedFromPredecessor batch: WebSocketMessageBatch) {
        guard tellsPredecessor else { return webSocketClient(client, received: batch) }
        events.append("received of the one before " + batch.messages.map { batch.text(of: $0) }.joined(separator: "|"))
    }

    func webSocketClient(_ client: WebSocketClient, changed status: WebSocketClientStatus) {
        events.append(status.state.rawValue)
    }

    func webSocketClientConnected(_ client: WebSocketClient) { events.append("event connected") }

    func webSocketClient(_ client: WebSocketClient, establishedWith subprotocol: String?) {
        events.append("event established" + (subprotocol.map { " " + $0 } ?? ""))
    }

    func webSocketClient(_ client: WebSocketClient, disconnected end: WebSocketDisconnection) {
        let code = end.closeCode.map { "\($0.rawValue)" } ?? "-"
        events.append("event disconnected \(code) \(end.wasEstablished) \(end.reason)")
    }

    func webSocketClient(_ client: WebSocketClient, prepares successor: WebSocketSuccessor) {
        if let onPrepare { onPrepare(successor) } else { successor.becomeReady() }
    }

    func webSocketClient(_ client: WebSocketClient, renewedWith subprotocol: String?, before expiry: NIODeadline?) {
        events.append("renewed \(expiry.map { ($0 - client.eventLoop.now).words } ?? "-")")
    }

    func webSocketClientBecameWritable(_ client: WebSocketClient) { events.append("writable") }

    func webSocketClient(_ client: WebSocketClient, rejected count: Int, because reason: WebSocketRejection) {
        events.append("rejected \(count) \(reason.rawValue)")
    }
}
