import Foundation
import Logging
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore
@testable import FIFOAdapter
@testable import MQTTAdapter
@testable import TLS
@testable import UDPAdapter
@testable import WSClient
@testable import wsbridge

/// `check` and `run` mean the same by "good".
///
/// `AGREEMENT_SEED` begins at another configuration, `AGREEMENT_COUNT` makes more of them.
struct AgreementTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let firstSeed = environment["AGREEMENT_SEED"].flatMap(UInt64.init) ?? 1
    private static let count =
        environment["AGREEMENT_COUNT"].flatMap(UInt64.init) ?? UInt64(NastyConfiguration.places.count * 30)

    @Test("whatever check calls good, the gateway can be made from, and no attempt refuses by itself")
    func goodMeansRunnable() async throws {
        try await withTemporaryDirectory { directory in
            let files = try await NastyFiles(in: directory)
            var goodPlaces: Set<String> = []
            var badPlaces: Set<String> = []
            try await withEventLoop { eventLoop in
                for seed in Self.firstSeed..<Self.firstSeed + Self.count {
                    var nasty = NastyConfiguration(seed: seed, files: files)
                    let yaml = nasty.yaml()
                    let outcome = ConfigurationLoader(environment: [:], hostName: "host", userID: 1000)
                        .load(Array(yaml.utf8), file: "site.yaml")
                    let (check, run) = (errors(of: outcome, before: .check), errors(of: outcome, before: .run))
                    #expect(run.allSatisfy(check.contains), "run refuses more: seed \(seed)\n\(yaml.prefix(3000))")
                    guard check.isEmpty, let configuration = outcome.configuration else {
                        badPlaces.formUnion(nasty.exchanged)
                        continue
                    }
                    goodPlaces.formUnion(nasty.exchanged)
                    let refusals = try await Rehearsal(configuration, eventLoop).refusals()
                    #expect(refusals == [], "seed \(seed)\n\(yaml.prefix(3000))")
                }
            }
            guard Self.environment["AGREEMENT_COUNT"] == nil else { return }
            #expect(goodPlaces == Set(NastyConfiguration.places), "each place had a nasty value that is good")
            #expect(badPlaces == Set(NastyConfiguration.places), "each place had a nasty value that is bad")
        }
    }

    private func errors(of outcome: ConfigurationOutcome, before occasion: MachineChecks.Occasion) -> [String] {
        let machine = MachineChecks.diagnostics(for: outcome, before: occasion, probes: .standard)
        return (outcome.diagnostics + machine).filter { $0.severity == .error }.map(\.description)
    }
}

/// Does with a configuration what a gateway does, up to where it would talk to somebody.
private struct Rehearsal {
    private let configuration: GatewayConfiguration
    private let eventLoop: any EventLoop
    private let log = Logger(label: "rehearsal") { _ in SwiftLogNoOpLogHandler() }

    init(_ configuration: GatewayConfiguration, _ eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
    }

    /// Why something can't be made, or an attempt ended before it began.
    func refusals() async throws -> [String] {
        var refusals = try await eventLoop.submit { parts() }.get()
        for connection in configuration.connections {
            if let reason = try await attempt(connection) { refusals.append("\(connection.name): \(reason)") }
        }
        return refusals
    }

    private func refusal(_ what: String, _ body: () throws -> Void) -> [String] {
        do {
            try body()
            return []
        } catch {
            return ["\(what): \(error)"]
        }
    }

    private func parts() -> [String] {
        var refusals = refusal("gateway") {
            _ = try Gateway(configuration, version: "0", adapters: .standard, eventLoop: eventLoop, log: log)
        }
        for connection in configuration.connections {
            refusals += proxyRefusals(of: connection)
            guard let oauth = connection.oauth2 else { continue }
            refusals += refusal("oauth2") {
                let url = oauth.tokenEndpoint.url
                _ = OAuthRequest(oauth, secret: try SecretReader.read(oauth.clientSecret, for: .header))
                if url.isSecure { _ = try TLSContext(oauth.tls, host: url.host) }
            }
        }
        for broker in configuration.brokers { refusals += refusal(broker.name) { try makeHandle(of: broker) } }
        for route in configuration.routes { refusals += endRefusals(of: route) }
        return refusals
    }

    private func proxyRefusals(of connection: ConnectionConfiguration) -> [String] {
        refusal("proxy") {
            for (_, url) in connection.proxied where url.socketPath == nil {
                guard let proxy = try connection.proxy.proxy(for: url), proxy.kind == .https else { continue }
                _ = try TLSContext(TLSConfiguration(caFile: connection.tls.caFile), host: proxy.host)
            }
        }
    }

    /// All that comes before a broker is connected to.
    private func makeHandle(of broker: BrokerConfiguration) throws {
        var settings = BrokerSettings(configuration: broker)
        var filters = configuration.routes.compactMap { route in
            if case .mqtt(let source) = route.source { source.topicFilter } else { nil }
        }
        if let status = configuration.status {
            let topics = StatusTopics(base: status.baseTopic)
            settings.will = StatusMessage(
                topic: topics.status,
                payload: ByteBuffer(string: "offline"),
                qos: 1,
                retain: true
            )
            filters.append(topics.commandFilter)
        }
        if let complaint = settings.complaint { throw SetupError(complaint) }
        let password = try broker.password.map { try SecretReader.read($0, for: .mqttPassword) }
        #expect(password.map { $0.utf8.count <= 65_535 && !$0.utf8.contains(0) } ?? true)
        let tls = broker.isSecure ? try TLSContext(broker.tls, host: broker.host) : nil
        let inbox = CallbackInbox(settings)
        let handle = try MosquittoHandle(settings, will: settings.will, password: password, tls: tls, inbox: inbox)
        for filter in filters {
            _ = try TopicFilter(filter)
            var identifier: Int32 = 0
            let result = handle.subscribe(filter, qos: 1, options: 0, properties: nil, identifier: &identifier)
            guard case .failure(let failure) = result, failure.error.description == "not connected" else {
                throw SetupError("\(filter.prefix(500)): \(result)")
            }
        }
    }

    private func endRefusals(of route: RouteConfiguration) -> [String] {
        refusal(route.name) {
            switch route.source {
            case .mqtt(let source): _ = try TopicFilter(source.topicFilter)
            case .fifo(let source): _ = try FIFOPath(source.path)
            case .udp(let source): try checkAddress(source.address)
            case .connection: break
            }
            for sink in route.sinks.map(\.sink) {
                switch sink {
                case .mqtt(let sink):
                    _ = try TopicTemplate(sink.topic)
                    if let problem = sink.contentType.flatMap(MQTTText.problem) { throw SetupError(problem) }
                case .fifo(let sink): _ = try FIFOPath(sink.path)
                case .udp(let sink): try checkAddress(sink.address)
                case .connection: break
                }
            }
        }
    }

    private func checkAddress(_ address: UDPAddress) throws {
        guard IPAddress.bytes(of: address.host) != nil else { return }
        _ = try UDPEndpoint.resolve(address, numericOnly: true)
    }

    /// The reason of an attempt that ended before it opened a connection; `nil` = it would have talked to somebody.
    private func attempt(_ connection: ConnectionConfiguration) async throws -> String? {
        var connection = connection
        // The token endpoint and programs are somebody.
        connection.oauth2 = nil
        connection.tokenCommand = nil
        let outcome = eventLoop.makePromise(of: String?.self)
        let attempt = try await OnLoop(eventLoop) { [connection, log] in
            Attempt(connection, $0, log, outcome)
        }
        try await attempt.run { $0.client.connect() }
        let reason = try await outcome.futureResult.get()
        try await attempt.run { $0.client.disconnect() }
        return reason
    }

    private final class Attempt: WebSocketClientDelegate {
        let client: WebSocketClient
        private let outcome: EventLoopPromise<String?>

        init(
            _ connection: ConnectionConfiguration,
            _ eventLoop: any EventLoop,
            _ log: Logger,
            _ outcome: EventLoopPromise<String?>
        ) {
            self.outcome = outcome
            let proxy = ConnectionProxy(connection.proxy)
            client = WebSocketClient(
                configuration: WebSocketClientConfiguration(connection, through: proxy, secrets: []),
                eventLoop: eventLoop,
                logger: log,
                connector: Connector { _, _, eventLoop, _ in
                    outcome.succeed(nil)
                    return PendingConnection(channel: eventLoop.makeFailedFuture(SetupError("not here")))
                }
            )
            client.delegate = self
            client.credentialSource = ConnectionCredentials(
                of: connection,
                through: proxy,
                userAgent: nil,
                eventLoop: eventLoop,
                log: log,
                learned: { _ in }
            )
        }

        func webSocketClient(_ client: WebSocketClient, received batch: WebSocketMessageBatch) {}

        func webSocketClient(_ client: WebSocketClient, failed reason: String) { outcome.succeed(reason) }
    }
}
