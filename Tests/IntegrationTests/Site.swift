import Foundation
import TestSupport
import Testing

/// A whole installation: a private broker, a WebSocket server, a recorder of every topic, and the gateway between.
struct Site {
    /// What the configuration may refer to.
    struct Parts {
        let broker: MosquittoBroker
        let server: TestWebSocketServer
        let directory: URL

        func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

        /// A connection `cloud` to the server that tries again quickly, and a broker `local`.
        ///
        /// Both may have further keys, and there may be further connections.
        func standard(
            connection keys: String = "",
            further connections: String = "",
            broker brokerKeys: String = ""
        ) -> String {
            """
            instance: test
            connections:
              cloud:
                url: \(server.url)/feed
                reconnect: { initial_delay: 50ms, max_delay: 200ms }
            \(keys.indented(4))
            \(connections.indented(2))
            mqtt:
              local:
                url: \(broker.url)
            \(brokerKeys.indented(4))

            """
        }
    }

    let broker: MosquittoBroker
    let server: TestWebSocketServer
    /// Subscribed to every topic since before the gateway's start.
    let mqtt: MQTTTestClient
    let gateway: Gateway

    static let base = "wsbridge/test"

    /// Publishes a command to the connection `cloud`.
    func command(_ name: String, _ payload: String = "", to connection: String = "cloud") async throws {
        try await mqtt.publish("\(Site.base)/\(connection)/command/\(name)", payload)
    }

    /// How many messages came on `topic`.
    func count(on topic: String) -> Int { mqtt.messages.count { $0.topic == topic } }

    /// The connection's states in the order in which they were published.
    func states(of connection: String = "cloud") -> [String] {
        mqtt.messages.filter { $0.topic == "\(Site.base)/\(connection)/state" && !$0.isRetained }.map(\.text)
    }

    /// The connection's events in the order in which they were published.
    func events(of connection: String = "cloud") throws -> [Event] {
        let prefix = "\(Site.base)/\(connection)/event/"
        return try mqtt.messages.filter { $0.topic.hasPrefix(prefix) }.map { message in
            try Event(String(message.topic.dropFirst(prefix.count)), message.payload)
        }
    }

    /// Waits for the connection's `count`th event of a kind.
    @discardableResult
    func event(_ name: String, of connection: String = "cloud", number: Int = 1) async throws -> Event {
        do {
            return try await eventualValue(of: "event \(name) number \(number) of \(connection)") {
                let all = try events(of: connection).filter { $0.name == name }
                return all.count >= number ? all[number - 1] : nil
            }
        } catch let error as DeadlinePassed {
            throw DeadlinePassed("event \(name)", within: .seconds(20), context: "\(error)\n\(gateway.log.tail())")
        }
    }

    /// Waits for a published `connection_status` of the wanted kind.
    @discardableResult
    func connectionStatus(
        _ what: String,
        of connection: String = "cloud",
        within limit: Duration = .seconds(20),
        where isWanted: (ConnectionStatus) -> Bool
    ) async throws -> ConnectionStatus {
        do {
            let message = try await mqtt.message(on: "\(Site.base)/\(connection)/connection_status", within: limit) {
                (try? ConnectionStatus($0.payload)).map(isWanted) ?? false
            }
            return try ConnectionStatus(message.payload)
        } catch let error as DeadlinePassed {
            throw DeadlinePassed(what, within: limit, context: "\(error)\n\(gateway.log.tail())")
        }
    }

    /// The last stats that were published.
    func lastStats() throws -> Stats {
        let message = try #require(mqtt.messages.last { $0.topic == "\(Site.base)/stats" }, "no stats were published")
        return try Stats(message.payload)
    }

    /// Ends the gateway in order and gives the last stats, which have to balance.
    func stopAndTakeStats(sourceLocation: SourceLocation = #_sourceLocation) async throws -> Stats {
        let before = mqtt.messages.count
        try await gateway.stop(sourceLocation: sourceLocation)
        // A will may have said the same before.
        _ = try await mqtt.message(on: "\(Site.base)/status", after: before) { $0.text == "offline" }
        let stats = try lastStats()
        stats.expectBalance(sourceLocation: sourceLocation)
        return stats
    }
}

/// One life event of a connection, as published.
struct Event: Equatable {
    var name: String
    var connection: String
    var at: String
    var sequence: Int
    var reason: String?
    var closeCode: Int?
    var wasEstablished: Bool?
    /// The next connection took over from one that was up.
    var isRenewed: Bool

    init(_ name: String, _ json: [UInt8]) throws {
        struct Fields: Decodable {
            var connection: String
            var at: String
            var sequence: Int
            var reason: String?
            var close_code: Int?
            var was_established: Bool?
            var renewed: Bool?
        }
        let fields = try JSONDecoder().decode(Fields.self, from: Data(json))
        self.name = name
        connection = fields.connection
        at = fields.at
        sequence = fields.sequence
        reason = fields.reason
        closeCode = fields.close_code
        wasEstablished = fields.was_established
        isRenewed = fields.renewed ?? false
    }
}

/// `<base>/<c>/connection_status`.
struct ConnectionStatus: Decodable {
    var tcp: Bool
    var websocket: Bool
    var state: String
    var since: String
    var reason: String?
    var close_code: Int?
    var attempts: Int
    var next_attempt: String?

    init(_ json: [UInt8]) throws { self = try JSONDecoder().decode(ConnectionStatus.self, from: Data(json)) }
}

/// Sets up a site for the duration of `body`, which begins when the gateway is ready.
func withSite<Result>(
    _ script: TestWebSocketServer.Script = .init(),
    environment: [String: String] = [:],
    yaml: (Site.Parts) throws -> String,
    _ body: (Site) async throws -> Result
) async throws -> Result {
    try await withMosquittoBroker { broker in
        try await withMQTTRecorder(of: broker) { mqtt in
            try await withWebSocketServer(script) { server in
                try await withTemporaryDirectory { directory in
                    let yaml = try yaml(Site.Parts(broker: broker, server: server, directory: directory))
                    return try await withGateway(yaml, in: directory, environment: environment) { gateway in
                        try await body(Site(broker: broker, server: server, mqtt: mqtt, gateway: gateway))
                    }
                }
            }
        }
    }
}

/// A site with one connection and one route, which begins when the connection is established.
func withEstablishedSite<Result>(
    _ script: TestWebSocketServer.Script = .init(),
    connection: String = "",
    routes: @escaping (Site.Parts) -> String = { _ in "" },
    _ body: (Site) async throws -> Result
) async throws -> Result {
    try await withSite(
        script,
        yaml: { parts in
            let routes = routes(parts)
            return parts.standard(connection: connection) + (routes.isEmpty ? "" : "routes:\n" + routes.indented(2))
        },
        { site in
            try await site.event("established")
            return try await body(site)
        }
    )
}

extension String {
    func indented(_ width: Int) -> String {
        split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : String(repeating: " ", count: width) + $0 }.joined(separator: "\n")
    }
}

/// RFC 3339, UTC, milliseconds.
func isTimestamp(_ text: String) -> Bool {
    text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
}
