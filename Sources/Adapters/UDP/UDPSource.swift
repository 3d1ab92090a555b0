package import BridgeCore
internal import Glibc
package import Logging
package import NIOCore
internal import NIOPosix

/// Receives datagrams, each a message.
///
/// Confined to its event loop.
///
/// NIO watches the socket and reads the first datagram of those that wait; the others follow at once by `recvmmsg`, so
/// a turn costs NIO's price once, however many there are.
package final class UDPSource: Source {
    package let name: String
    package weak var client: (any SourceClient)?

    /// What one turn of the event loop receives at most, in calls, before others have theirs.
    private static let readsPerTurn = 4
    /// The same at the end: more than the largest socket buffer holds.
    private static let readsToStop = 4096
    /// A larger buffer is not kept for the next batch.
    private static let keptCapacity = 256 << 10
    /// Switches forget who listens, and interfaces come late.
    private static let rejoinInterval = TimeAmount.seconds(60)
    private static let joinRetryInterval = TimeAmount.seconds(5)

    private let configuration: UDPSourceConfiguration
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let allowList: AllowList
    private let reader: DatagramReader
    private var socket: ReceivingSocket?
    private var channel: (any Channel)?
    private var nextJoin: Scheduled<Void>?
    private var isJoined = false
    private var lastJoinError: String?
    private var isPaused = false
    private var lossesCounted: UInt32 = 0
    private var bytes = ByteBuffer()
    private var entries = ContiguousArray<MessageBatch.Entry>()

    package convenience init(configuration: UDPSourceConfiguration, eventLoop: any EventLoop, logger: Logger) {
        self.init(configuration: configuration, eventLoop: eventLoop, logger: logger, largestDatagram: 65_536)
    }

    init(configuration: UDPSourceConfiguration, eventLoop: any EventLoop, logger: Logger, largestDatagram: Int) {
        name = "udp:\(configuration.address)"
        self.configuration = configuration
        self.eventLoop = eventLoop
        var logger = logger
        logger[metadataKey: "source"] = "\(name)"
        self.logger = logger
        allowList = AllowList(configuration.allowFrom)
        reader = DatagramReader(allowList: allowList, size: largestDatagram)
    }

    /// The port that is bound, once started.
    package var port: Int? { socket.map { Int($0.endpoint.port) } }

    package func start() throws {
        eventLoop.assertInEventLoop()
        let socket = try ReceivingSocket(configuration)
        self.socket = socket
        let asked = configuration.receiveBuffer ?? ReceivingSocket.defaultBuffer
        if socket.buffer < asked {
            logger.info(
                "the socket holds \(socket.buffer) bytes of \(asked): net.core.rmem_max allows no more, bursts may be lost"
            )
        }
        if socket.endpoint.isMulticast {
            join()
        }
        let handler = NIOLoopBound(FirstDatagramHandler(self), eventLoop: eventLoop)
        let bound = NIOLoopBound(Weak(self), eventLoop: eventLoop)
        DatagramBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65_536))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(handler.value)
                }
            }
            .withBoundSocket(socket.descriptor)
            .whenComplete { bound.value.target?.opened($0) }
    }

    package func pause() {
        isPaused = true
        applyPause()
    }

    package func resume() {
        isPaused = false
        applyPause()
    }

    package func stop(completion: @escaping () -> Void) {
        eventLoop.assertInEventLoop()
        refuseWaiting()
        countLosses(socket?.losses)
        nextJoin?.cancel()
        // The channel owns the descriptor.
        channel?.close(promise: nil)
        channel = nil
        socket = nil
        completion()
    }

    private func opened(_ result: Result<any Channel, any Error>) {
        switch result {
        case .success(let channel):
            guard socket != nil else { return channel.close(promise: nil) }
            self.channel = channel
            applyPause()
        case .failure(let error):
            failed(error)
        }
    }

    func failed(_ error: any Error) {
        logger.error("receiving failed: \(error)")
    }

    private func applyPause() {
        do {
            try channel?.syncOptions?.setOption(.autoRead, value: !isPaused)
        } catch {
            failed(error)
        }
    }

    // MARK: - Receiving

    /// The first datagram of those that wait.
    func received(_ first: AddressedEnvelope<ByteBuffer>) {
        guard let socket else { return }
        // Takes the same memory again, unless a client kept the batch.
        bytes.clear()
        entries.removeAll(keepingCapacity: true)
        if first.data.readableBytes > reader.size {
            client?.rejected(1, because: .tooLarge)
        } else if isAllowed(first.remoteAddress) {
            entries.append(
                MessageBatch.Entry(payloadOffset: 0, payloadLength: first.data.readableBytes, kind: .undeclared)
            )
            bytes.writeImmutableBuffer(first.data)
        } else {
            client?.rejected(1, because: .notAllowed)
        }
        countLosses(socket.losses)
        for _ in 0..<Self.readsPerTurn {
            let outcome = reader.receive(from: socket.descriptor, into: &bytes, &entries)
            handOn(outcome)
            guard outcome.received == DatagramReader.places, !isPaused, self.socket != nil else { return }
        }
    }

    private func handOn(_ outcome: DatagramReader.Outcome) {
        if outcome.notAllowed > 0 {
            client?.rejected(outcome.notAllowed, because: .notAllowed)
        }
        if outcome.truncated > 0 {
            client?.rejected(outcome.truncated, because: .tooLarge)
        }
        guard !entries.isEmpty else { return }
        client?.received(MessageBatch(bytes: bytes, entries: entries, receivedAt: .now()))
        entries.removeAll(keepingCapacity: true)
        if bytes.capacity > Self.keptCapacity {
            bytes = ByteBuffer()
        } else {
            bytes.clear()
        }
    }

    /// Counts the datagrams that the kernel still holds, since they go with the socket.
    private func refuseWaiting() {
        guard let socket else { return }
        for _ in 0..<Self.readsToStop {
            let outcome = reader.receive(from: socket.descriptor, into: &bytes, &entries)
            let refused = entries.count
            entries.removeAll(keepingCapacity: true)
            bytes.clear()
            if refused > 0 { client?.rejected(refused, because: .closing) }
            handOn(outcome)
            guard outcome.received == DatagramReader.places else { return }
        }
    }

    private func countLosses(_ losses: UInt32?) {
        guard let losses, losses != lossesCounted else { return }
        let fresh = Int(losses &- lossesCounted)
        lossesCounted = losses
        client?.rejected(fresh, because: .kernelOverflow)
    }

    private func isAllowed(_ address: SocketAddress) -> Bool {
        guard !allowList.isEmpty else { return true }
        guard let sender = address.withSockAddr({ raw, _ in UDPEndpoint(raw) }) else { return false }
        return sender.address.withUnsafeBytes { allowList.allows($0) }
    }

    // MARK: - Multicast

    /// Joins the group, or joins it anew.
    private func join() {
        guard let socket else { return }
        do {
            let interface = try MulticastInterface(configuration.multicastInterface)
            if isJoined {
                isJoined = false
                try? interface.leave(socket.endpoint, socket.descriptor)
            }
            try interface.join(socket.endpoint, socket.descriptor)
            isJoined = true
            lastJoinError = nil
        } catch {
            let text = "\(error)"
            if text != lastJoinError {
                logger.error("\(text); trying again every few seconds")
            }
            lastJoinError = text
        }
        client?.sourceHindered(by: lastJoinError)
        let interval = isJoined ? Self.rejoinInterval : Self.joinRetryInterval
        nextJoin = eventLoop.assumeIsolated().scheduleTask(in: interval) { [weak self] in self?.join() }
    }

    private struct Weak {
        weak var target: UDPSource?

        init(_ target: UDPSource) {
            self.target = target
        }
    }
}
