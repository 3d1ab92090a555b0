import BridgeCore
import Logging
import MQTTAdapter
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport

/// A broker under test with what the core would put around it, on an event loop of the process's own.
final class Rig: Sendable {
    struct Command: Equatable {
        var topic: String
        var text: String
        var isRetained: Bool
        var response: ResponseAddress?
    }

    /// Readable from any thread.
    final class Log: Sendable {
        let state = NIOLockedValueBox((states: [BrokerState](), commands: [Command]()))

        let lostAnswers = NIOLockedValueBox(0)
        let refusedStatus = NIOLockedValueBox(0)

        var states: [BrokerState] { state.withLockedValue { $0.states } }
        var words: [String] { states.map(\.word) }
        var commands: [Command] { state.withLockedValue { $0.commands } }

        /// The reasons of all failures so far.
        var reasons: [String] {
            states.compactMap { if case .backoff(let reason, _) = $0 { reason } else { nil } }
        }
    }

    /// What lives on the event loop.
    final class Core: BrokerClient {
        let broker: MQTTBroker
        let log: Log
        var feeders: [Feeder] = []
        var receivers: [Receiver] = []

        init(_ broker: MQTTBroker, log: Log) {
            self.broker = broker
            self.log = log
            broker.client = self
        }

        /// What the status publisher would publish at each connect.
        var retained: [StatusMessage] = []

        func broker(_ name: String, changedTo state: BrokerState) {
            log.state.withLockedValue { $0.states.append(state) }
            if state == .connected { for message in retained { _ = broker.publish(message) } }
        }

        func broker(_ name: String, lostAnswers count: Int) {
            log.lostAnswers.withLockedValue { $0 += count }
        }

        func broker(_ name: String, refusedStatus count: Int) {
            log.refusedStatus.withLockedValue { $0 += count }
        }

        func broker(_ name: String, received command: BrokerCommand) {
            let command = Command(
                topic: command.topic,
                text: String(buffer: command.payload),
                isRetained: command.isRetained,
                response: command.response
            )
            log.state.withLockedValue { $0.commands.append(command) }
        }
    }

    let eventLoop: any EventLoop
    let log = Log()
    let lines: LogRecorder
    private let core: NIOLoopBound<Core>

    init(
        _ configuration: BrokerConfiguration,
        secrets: [String: String],
        eventLoop: any EventLoop
    ) async throws {
        self.eventLoop = eventLoop
        let lines = LogRecorder()
        self.lines = lines
        let log = log
        core = try await eventLoop.submit {
            let logger = lines.logger(level: .debug)
            let broker = MQTTBroker(configuration: configuration, eventLoop: eventLoop, logger: logger) { secret in
                switch secret {
                case .literal(let value): value
                case .file(let path): secrets[path] ?? ""
                }
            }
            return NIOLoopBound(Core(broker, log: log), eventLoop: eventLoop)
        }.get()
    }

    /// Runs `body` on the event loop.
    func onLoop<Result: Sendable>(_ body: @escaping @Sendable (Core) throws -> Result) async throws -> Result {
        try await eventLoop.submit { [core] in try body(core.value) }.get()
    }

    /// A sink with its feeder; returns the feeder's log and index.
    func sink(
        _ topic: String,
        qos: Int,
        retain: Bool = false,
        expiry: Duration? = nil,
        route: String = "route",
        _ change: @escaping @Sendable (inout MQTTSinkConfiguration) -> Void = { _ in }
    ) async throws -> (index: Int, log: Feeder.Log) {
        let log = Feeder.Log()
        let index = try await onLoop { core in
            var configuration = MQTTSinkConfiguration(broker: "test", topic: topic)
            configuration.qos = qos
            configuration.retain = retain
            configuration.expiry = expiry
            change(&configuration)
            let context = TemplateContext(instance: "site", route: route, connection: "cloud")
            core.feeders.append(Feeder(core.broker.makeSink(configuration, context: context), log: log))
            return core.feeders.count - 1
        }
        return (index, log)
    }

    /// A source with its receiver; `store` is called before a batch counts as accepted.
    func source(
        _ filter: String,
        qos: Int,
        allowEcho: Bool = false,
        store: @escaping @Sendable (_ acceptedBefore: Int) -> Void = { _ in }
    ) async throws -> (index: Int, log: Receiver.Log) {
        let log = Receiver.Log()
        let index = try await onLoop { core in
            var configuration = MQTTSourceConfiguration(broker: "test", topicFilter: filter, qos: qos)
            configuration.allowEcho = allowEcho
            core.receivers.append(Receiver(core.broker.makeSource(configuration), log: log, store: store))
            try core.receivers[core.receivers.count - 1].source.start()
            return core.receivers.count - 1
        }
        return (index, log)
    }

    func feed(_ sink: Int, _ messages: [Feeder.Message]) async throws {
        try await onLoop { $0.feeders[sink].feed(messages) }
    }

    func feed(_ sink: Int, _ texts: [String]) async throws {
        try await feed(sink, texts.map { Feeder.Message(payload: Array($0.utf8)) })
    }

    func republishAtEachConnect(_ messages: [StatusMessage]) async throws {
        try await onLoop { $0.retained = messages }
    }

    func start() async throws {
        try await onLoop { $0.broker.start() }
    }

    /// Starts and waits until it is connected.
    func connect() async throws {
        try await start()
        try await connected()
    }

    func connected(times: Int = 1) async throws {
        try await eventually("the broker to be connected; it was \(self.log.states)") {
            self.log.states.count { $0 == .connected } >= times
        }
    }

    /// Waits for a failure whose reason holds `text`; returns the reason.
    func failure(containing text: String, within limit: Duration = .seconds(20)) async throws -> String {
        try await eventualValue(of: "a failure with '\(text)'; there were \(self.log.states)", within: limit) {
            self.log.reasons.first { $0.contains(text) }
        }
    }

    func publish(_ message: StatusMessage) async throws -> Bool {
        try await onLoop { $0.broker.publish(message) }
    }

    func stop(farewell: [StatusMessage] = [], within limit: TimeAmount = .seconds(5)) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        try await onLoop { core in
            core.broker.stop(farewell: farewell, deadline: .now() + limit) { promise.succeed() }
        }
        try await promise.futureResult.get()
    }
}

/// Runs `body` with a rig, and stops its broker afterwards.
func withRig<Result>(
    port: Int,
    version: BrokerConfiguration.ProtocolVersion = .v5,
    secrets: [String: String] = [:],
    isolation: isolated (any Actor)? = #isolation,
    _ change: (inout BrokerConfiguration) -> Void = { _ in },
    _ body: (Rig) async throws -> Result
) async throws -> Result {
    var configuration = BrokerConfiguration(
        name: "test",
        isSecure: false,
        host: "127.0.0.1",
        port: port,
        clientID: "rig-\(UInt32.random(in: 0...UInt32.max))"
    )
    configuration.instance = "site"
    configuration.protocolVersion = version
    configuration.cleanSession = true
    change(&configuration)
    // A loop of its own: a test may make it hang.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let rig = try await Rig(configuration, secrets: secrets, eventLoop: group.next())
    do {
        let result = try await body(rig)
        try await rig.stop()
        try await group.shutdownGracefully()
        return result
    } catch {
        try? await rig.stop()
        try? await group.shutdownGracefully()
        throw error
    }
}
