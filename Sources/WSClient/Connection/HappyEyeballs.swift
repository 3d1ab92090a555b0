import NIOCore

/// Carries out an `AddressRace`: asks for the name, opens sockets, keeps the first that connects.
///
/// Confined to its event loop; lives until its future is done.
final class HappyEyeballs {
    private let host: String
    private let port: Int
    private let resolver: NameResolver
    private let memory: AddressMemory
    private let eventLoop: any EventLoop
    private let open: (SocketAddress) -> EventLoopFuture<any Channel>
    private let detail: (String) -> Void
    private let promise: EventLoopPromise<any Channel>
    private var race: AddressRace
    private var attemptTimer: Scheduled<Void>?
    private var resolutionTimer: Scheduled<Void>?

    init(
        host: String,
        port: Int,
        resolver: NameResolver,
        memory: AddressMemory,
        eventLoop: any EventLoop,
        open: @escaping (SocketAddress) -> EventLoopFuture<any Channel>,
        detail: @escaping (String) -> Void
    ) {
        self.host = host
        self.port = port
        self.resolver = resolver
        self.memory = memory
        self.eventLoop = eventLoop
        self.open = open
        self.detail = detail
        promise = eventLoop.makePromise()
        race = AddressRace(preferred: memory[host, port])
    }

    /// Fails with a `ConnectRaceError`.
    func start() -> PendingConnection {
        do throws(AddressLookupError) {
            if let literal = try AddressLookup.literal(host, port: port) {
                let family: AddressFamily = literal.protocol == .inet6 ? .ipv6 : .ipv4
                _ = race.answered(family.other, .success([]))
                perform(race.answered(family, .success([literal])))
            } else {
                for family in AddressFamily.allCases {
                    resolver.answer(to: .init(host: host, port: port, family: family), on: eventLoop)
                        .assumeIsolated().whenSuccess { self.answered(family, $0) }
                }
            }
        } catch {
            _ = race.answered(.ipv4, .success([]))
            perform(race.answered(.ipv6, .failure(error)))
        }
        return PendingConnection(channel: promise.futureResult, abandon: abandon)
    }

    private func answered(_ family: AddressFamily, _ answer: NameResolver.Answer) {
        if case .success(let addresses) = answer, !addresses.isEmpty, race.state != .over {
            let list = addresses.prefix(AddressRace.mostOfAFamily).map(\.shownHost).joined(separator: ", ")
            detail("\(host) has the addresses \(list)")
        }
        perform(race.answered(family, answer))
    }

    private func perform(_ action: AddressRace.Action) {
        switch action {
        case .connect(let address): connect(address)
        case .waitForOtherFamily:
            resolutionTimer = eventLoop.assumeIsolated().scheduleTask(in: AddressRace.resolutionDelay) {
                self.perform(self.race.resolutionDelayPassed())
            }
        case .fail:
            cancelTimers()
            promise.fail(error)
        case .doNothing: break
        }
    }

    private func connect(_ address: SocketAddress) {
        attemptTimer?.cancel()
        attemptTimer = eventLoop.assumeIsolated().scheduleTask(in: AddressRace.attemptDelay) {
            self.perform(self.race.attemptDelayPassed())
        }
        open(address).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel, to: address)
            case .failure(let error):
                let reason = ConnectionFailure.shortReason(error)
                if self.race.state != .over { self.detail("\(address.shownHost): \(reason)") }
                self.perform(self.race.failed(address, reason))
            }
        }
    }

    private func connected(_ channel: any Channel, to address: SocketAddress) {
        // Another address was faster, or nobody waits any more.
        guard race.state != .over else { return channel.close(promise: nil) }
        end()
        memory[host, port] = address
        promise.succeed(channel)
    }

    private func abandon() -> String? {
        guard race.state != .over else { return nil }
        let words = error.wordsOfTimeout
        end()
        promise.fail(ChannelError.connectTimeout(.zero))
        return words
    }

    private func end() {
        race.end()
        cancelTimers()
    }

    private func cancelTimers() {
        attemptTimer?.cancel()
        resolutionTimer?.cancel()
    }

    private var error: ConnectRaceError {
        ConnectRaceError(
            host: host,
            failures: race.failures,
            running: race.running,
            lookupErrors: race.lookupErrors,
            isLookingUp: race.isLookingUp
        )
    }
}

/// Why no address of a name could be connected to.
struct ConnectRaceError: Error, Equatable {
    var host: String
    var failures: [AddressRace.Failure] = []
    /// Those that had not answered.
    var running: [SocketAddress] = []
    var lookupErrors: [AddressLookupError] = []
    var isLookingUp = false

    /// What failed where, if it is not the same everywhere: `2001:db8::1: network unreachable; 192.0.2.1: …`.
    var addressReasons: String? {
        guard Set(failures.map(\.reason)).count > 1 else { return nil }
        return failures.map { "\($0.address.shownHost): \($0.reason)" }.joined(separator: "; ")
    }

    /// The lookup's failure, where there was nothing to connect to.
    var lookupError: AddressLookupError? {
        guard failures.isEmpty, running.isEmpty else { return nil }
        return lookupErrors.first(where: \.isPassing) ?? lookupErrors.first
    }

    /// How far the attempt came when its time was over; `nil` where that is all there is to say.
    var wordsOfTimeout: String? {
        if failures.isEmpty, running.isEmpty, isLookingUp { return "no answer from DNS for the name \(host)" }
        guard failures.count + running.count > 1 else { return nil }
        let silent = running.map { AddressRace.Failure(address: $0, reason: "no answer") }
        return (failures + silent).map { "\($0.address.shownHost): \($0.reason)" }.joined(separator: "; ")
    }
}

extension SocketAddress {
    /// The address alone, as a person writes it.
    var shownHost: String { ipAddress ?? description }
}
