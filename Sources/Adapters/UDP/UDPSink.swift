package import BridgeCore
internal import Glibc
package import Logging
package import NIOCore
internal import NIOPosix
internal import TLS

/// Sends each message as one datagram.
///
/// Confined to its event loop.
///
/// A datagram counts as delivered when the kernel took it. It never waits for anything but room in the socket: while
/// there is no way to the destination, messages are dropped as `refused`. A connected socket reports with one send
/// that an earlier datagram found nobody listening: one message counts as `refused` for each report, in the earlier
/// one's place, and the present one is sent all the same.
package final class UDPSink: Sink {
    package let name: String
    package let settlesLater = false
    package weak var client: (any SinkClient)?

    /// How often a name is resolved again while messages flow.
    private static let refreshInterval = TimeAmount.seconds(60)
    /// The same after a refusal: the destination may have moved.
    private static let refreshAfterRefusal = TimeAmount.seconds(5)
    /// How soon the next attempt follows one that failed, or a path that broke.
    private static let retryInterval = TimeAmount.seconds(1)
    /// How often one kind of error is said while it goes on.
    private static let reminderInterval = TimeAmount.seconds(60)
    /// Interfaces come late.
    private static let interfaceInterval = TimeAmount.seconds(5)

    private let configuration: UDPSinkConfiguration
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let sender: DatagramSender
    private let isName: Bool

    private var socket: SendingSocket?
    private var readiness: Readiness?
    /// Whether the first resolution has not ended: only then messages wait.
    private var isStarting = true
    private var isResolving = false
    private var isStopped = false
    /// Only a person can help, or an interface that comes.
    private var standsStill = false
    /// Looks for the interface again; never more than one.
    private(set) var interfaceTimer: Scheduled<Void>?
    /// When there is no socket, or its path broke: not tried again before.
    private var nextAttempt = NIODeadline.uptimeNanoseconds(0)
    private var isPathBroken = false
    private var nextRefresh = NIODeadline.distantFuture
    private var lastRefresh = NIODeadline.uptimeNanoseconds(0)
    /// Reports of refusal for which no message could be counted yet.
    private var owedRefusals = 0
    private var said: [String: NIODeadline] = [:]

    package init(configuration: UDPSinkConfiguration, eventLoop: any EventLoop, logger: Logger) {
        name = "udp:\(configuration.address)"
        self.configuration = configuration
        self.eventLoop = eventLoop
        var logger = logger
        logger[metadataKey: "sink"] = "\(name)"
        self.logger = logger
        sender = DatagramSender(maxSize: configuration.maxSize, truncates: configuration.oversize == .truncate)
        isName = IPAddress.bytes(of: configuration.address.host) == nil
    }

    deinit {
        readiness = nil
        if let socket {
            close(socket.descriptor)
        }
    }

    package func start() {
        eventLoop.assertInEventLoop()
        if configuration.maxSize > 1472 {
            logger.debug("datagrams above the path's packet size (1472 bytes on Ethernet) travel in fragments")
        }
        if isName {
            resolve()
        } else {
            isStarting = false
            connect()
            if !standsStill {
                client?.sinkIsReady()
            }
        }
    }

    package func take(_ batch: MessageBatch) -> Intake {
        guard !isStarting, !isStopped else { return Intake() }
        let now = NIODeadline.now()
        if socket == nil || isPathBroken, now >= nextAttempt {
            connect()
        }
        if now >= nextRefresh {
            resolve()
        }
        guard let socket else { return Intake(taken: batch.count, dropped: [.refused: batch.count]) }
        let outcome = sender.send(batch, through: socket.descriptor)
        if outcome.isBlocked {
            waitForRoom()
        }
        if outcome.lastError != 0 {
            noted(outcome.lastError, now)
        }
        return intake(outcome)
    }

    package func stop(completion: @escaping () -> Void) {
        eventLoop.assertInEventLoop()
        isStopped = true
        disconnect()
        completion()
    }

    // MARK: - What became of a batch

    private func intake(_ outcome: DatagramSender.Outcome) -> Intake {
        owedRefusals += outcome.reportsOfRefusal
        let inTheirPlace = min(owedRefusals, outcome.delivered)
        owedRefusals -= inTheirPlace
        var intake = Intake(taken: outcome.taken, delivered: outcome.delivered - inTheirPlace)
        if outcome.tooLarge > 0 {
            intake.dropped[.tooLarge] = outcome.tooLarge
        }
        if outcome.refused + inTheirPlace > 0 {
            intake.dropped[.refused] = outcome.refused + inTheirPlace
        }
        return intake
    }

    private func noted(_ code: CInt, _ now: NIODeadline) {
        switch code {
        case ECONNREFUSED:
            sayNow("nobody receives at \(configuration.address): datagrams are lost there", now)
            if isName {
                nextRefresh = min(nextRefresh, lastRefresh + Self.refreshAfterRefusal)
            }
        case EMSGSIZE:
            sayNow("the kernel refused a datagram as too large for the path", now)
        case EPERM, ENOBUFS, ENOMEM:
            sayNow("the kernel refused a datagram: \(KernelError("send", code: code).reason)", now)
        default:
            sayNow("no way to \(configuration.address): \(KernelError("send", code: code).reason)", now)
            // The route or the own address may have changed: a new socket finds out, which no steady traffic puts off.
            if !isPathBroken { nextAttempt = now + Self.retryInterval }
            isPathBroken = true
        }
    }

    private func sayNow(_ line: String, _ now: NIODeadline) {
        if let last = said[line], now < last + Self.reminderInterval { return }
        said[line] = now
        logger.warning("\(line)")
    }

    private func waitForRoom() {
        do throws(KernelError) {
            try readiness?.arm(for: .writable)
        } catch {
            logger.error("not told when the socket has room, so trying again soon: \(error)")
            eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { [weak self] in self?.client?.sinkIsReady()
            }
        }
    }

    // MARK: - The way to the destination

    /// Connects to the address, or to where the name led last.
    private func connect() {
        if isName {
            guard let endpoint = socket?.endpoint else { return resolve() }
            connect(to: endpoint)
        } else {
            do throws(UDPError) {
                guard let endpoint = try UDPEndpoint.resolve(configuration.address, numericOnly: true).first else {
                    return
                }
                connect(to: endpoint)
            } catch {
                failed(error)
            }
        }
    }

    private func connect(to endpoint: UDPEndpoint) {
        guard !isStopped else { return }
        do throws(UDPError) {
            use(try SendingSocket(to: endpoint, configuration, isName: isName))
        } catch {
            failed(error)
        }
    }

    func use(_ fresh: SendingSocket) {
        disconnect()
        socket = fresh
        isPathBroken = false
        sender.begin(with: fresh.descriptor)
        readiness = Readiness(descriptor: fresh.descriptor, eventLoop: eventLoop) { [weak self] in
            self?.client?.sinkIsReady()
        }
        if standsStill {
            standsStill = false
            client?.sinkIsReady()
        }
    }

    private func disconnect() {
        interfaceTimer?.cancel()
        interfaceTimer = nil
        readiness?.cancel()
        readiness = nil
        if let socket {
            close(socket.descriptor)
        }
        socket = nil
    }

    private func failed(_ error: UDPError) {
        switch error {
        case .broadcastNotAllowed:
            standStill(because: error)
            return
        case .unknownInterface:
            standStill(because: error)
            interfaceTimer?.cancel()
            interfaceTimer = eventLoop.assumeIsolated().scheduleTask(in: Self.interfaceInterval) { [weak self] in
                self?.connect()
            }
            return
        default:
            break
        }
        let now = NIODeadline.now()
        nextAttempt = now + Self.retryInterval
        sayNow("\(error)", now)
    }

    private func standStill(because error: UDPError) {
        guard !standsStill else { return }
        standsStill = true
        client?.sinkFailed(because: "\(error)")
    }

    /// Resolves the name beside the event loop, and connects to another address if it no longer leads to this one.
    private func resolve() {
        guard !isResolving, !isStopped else { return }
        isResolving = true
        let address = configuration.address
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { () -> Result<[UDPEndpoint], UDPError> in
            do throws(UDPError) {
                return .success(try UDPEndpoint.resolve(address, numericOnly: false))
            } catch {
                return .failure(error)
            }
        }.whenComplete { result in
            bound.value.resolved(result.flatMapError { _ in .failure(CancellationError()) })
        }
    }

    private func resolved(_ result: Result<Result<[UDPEndpoint], UDPError>, any Error>) {
        isResolving = false
        lastRefresh = .now()
        nextRefresh = lastRefresh + Self.refreshInterval
        switch result {
        case .success(.success(let endpoints)):
            if let current = socket?.endpoint, endpoints.contains(current) { break }
            if let first = endpoints.first {
                connect(to: first)
            }
        case .success(.failure(let error)):
            failed(error)
        case .failure:
            break
        }
        if isStarting {
            isStarting = false
            if !standsStill {
                client?.sinkIsReady()
            }
        }
    }
}
