import BridgeTestSupport
import Foundation
import Logging
import NIOCore
import TestSupport
import Testing

@testable import BridgeCore
@testable import WSClient

/// A connection to a real server, and what its status topics say.
struct ConnectionTests {
    @Test func publishesStatesAndEventsInTheOrderOfWhatHappened() async throws {
        try await withConnection { connection, server in
            try await connection.command(.connect(bearerToken: nil))
            try await connection.waits(for: "event/established")
            try await server.waitForEstablished()
            try await server.send(.close(code: 4001, reason: "bye"))
            try await connection.waits(for: "event/disconnected")
            let shown = try await connection.lines { $0.contains("/state") || $0.contains("/event/") }
            #expect(
                Array(shown.prefix(7)) == [
                    "w/cloud/state disconnected", "w/cloud/state connecting", "w/cloud/state connected",
                    "w/cloud/event/connected", "w/cloud/state established", "w/cloud/event/established",
                    "w/cloud/state backoff",
                ]
            )
            let end = try await connection.last("w/cloud/event/disconnected")
            #expect(end.contains(#""close_code":4001"#) && end.contains(#""sequence":3"#))
            #expect(end.contains(#""was_established":true"#))
        }
    }

    @Test func theURLsUserAndPasswordBecomeBasicAuthorization() async throws {
        try await withConnection(userInfo: "anna:secret") { connection, server in
            try await connection.command(.connect(bearerToken: nil))
            try await server.waitForEstablished()
            #expect(server.clients[0].header("Authorization") == "Basic YW5uYTpzZWNyZXQ=")
        }
    }

    @Test("a secret that a session tells without awaiting an answer is refused three times, and told no more")
    func aRefusedSecretIsNotToldForEver() async throws {
        let keys = "reconnect: { initial_delay: 20ms, max_delay: 20ms }"
        let session = "session: { variables: { token: bad-token }, steps: [ { send: 'in {token}' } ] }"
        let script = TestWebSocketServer.Script { _ in [.close(code: 4401, reason: "no")] }
        try await withConnection("\(keys), \(session)", script: script) { connection, server in
            try await connection.command(.connect(bearerToken: nil))
            try await eventually("it waits for another") {
                try await connection.run { $0.connection.client.status.state == .fault }
            }
            let status = try await connection.run { $0.connection.client.status }
            #expect(server.texts == ["in bad-token", "in bad-token", "in bad-token"])
            #expect(server.acceptedCount == 3 && status.nextAttempt == nil)
            #expect(status.reason?.contains("refused these credentials 3 times") == true)
            #expect(status.reason?.hasSuffix("; put others into the configuration and restart") == true)
        }
    }

    @Test("S7: a token that is said back, in a message or a close reason, is hidden, also after its file changed")
    func tokensThatAreSaidBackAreHidden() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appendingPathComponent("token").path
            try "first-canary-token\n".write(toFile: file, atomically: true, encoding: .utf8)
            let keys = "bearer_token: { file: \(file) }, reconnect: { initial_delay: 20ms, max_delay: 20ms }"
            try await withConnection(keys) { connection, server in
                try await connection.command(.connect(bearerToken: nil))
                try await server.waitForEstablished()
                try "later-canary-token\n".write(toFile: file, atomically: true, encoding: .utf8)
                try await server.send(.close(code: 4001, reason: "first-canary-token is old, first-canary-tok…"))
                try await connection.waits(for: "event/disconnected")
                try await eventually("the second connection") { server.acceptedCount == 2 }
                try await server.waitForEstablished()
                #expect(server.clients[1].header("Authorization") == "Bearer later-canary-token")
                try await server.send("you are later-canary-token")
                try await connection.waits(for: "last_received")
                let shown = try await connection.last("w/cloud/last_received")
                #expect(shown.contains("you are ***"))
                let leaks = try await connection.texts().filter { $0.contains("canary") }
                #expect(leaks == [])
            }
        }
    }

    @Test("S7: values of secret-looking variables are hidden in what is sent at the establishment")
    func hiddenValuesAreHidden() async throws {
        let keys = #"on_established: [ '{"key":"${API_KEY}"}' ]"#
        try await withConnection(keys, environment: ["API_KEY": "canary-key"]) { connection, server in
            try await connection.command(.connect(bearerToken: nil))
            try await server.waitForMessages(1)
            #expect(server.texts == [#"{"key":"canary-key"}"#])
            try await connection.waits(for: "last_sent")
            let shown = try await connection.last("w/cloud/last_sent")
            #expect(!shown.contains("canary"))
        }
    }

    @Test func theLastMessageFollowsWithinTwoSecondsAndABinaryOneIsBase64() async throws {
        try await withConnection { connection, server in
            try await connection.command(.connect(bearerToken: nil))
            try await server.waitForEstablished()
            let start = ContinuousClock.now
            for index in 0..<50 { try await server.send("message \(index)") }
            try await server.send(.binary([0xFF]))
            try await eventually("the last value") {
                try await connection.last("w/cloud/last_received").contains(#""encoding":"base64""#)
            }
            let seconds = Int((ContinuousClock.now - start).components.seconds)
            #expect(try await connection.lines { $0.contains("last_received") }.count <= seconds + 2)
        }
    }

    @Test func sendWhileNotEstablishedIsRefusedAndCounted() async throws {
        try await withConnection { connection, server in
            #expect(try await connection.command(.send(ByteBuffer(string: "x"))) == .notEstablished)
            try await connection.command(.connect(bearerToken: nil))
            try await connection.waits(for: "event/established")
            #expect(try await connection.command(.send(ByteBuffer(bytes: [0xFF]))) == .badRequest)
            #expect(try await connection.command(.send(ByteBuffer(string: "y"))) == .ok)
            try await server.waitForMessages(1)
            let stats = try await connection.stats()
            #expect(stats.rejected == ["not_established": 1, "malformed_command": 1])
            #expect(stats.sent == 1)
        }
    }

    @Test func pausedReadingStaysPausedOverAReconnect() async throws {
        let keys = "reconnect: { initial_delay: 20ms, max_delay: 20ms }"
        try await withConnection(keys) { connection, server in
            try await connection.run { $0.connection.client.pauseReading() }
            try await connection.command(.connect(bearerToken: nil))
            try await server.waitForEstablished()
            await server.dropAll()
            try await eventually("the second connection") { server.acceptedCount == 2 }
            try await server.waitForEstablished()
            try await server.send("waits")
            // What the connection sends arrives: it lives, and still has read nothing.
            try await eventually("it is established") {
                try await connection.command(.send(ByteBuffer(string: "alive"))) == .ok
            }
            try await server.waitForMessages(1)
            #expect(try await connection.stats().received == 0)
            try await connection.run { $0.connection.client.resumeReading() }
            try await eventually("the message") { try await connection.stats().received == 1 }
        }
    }

    @Test func whatTheConnectionBeforeStillReceivesIsNoMatterOfThePresentSession() async throws {
        let keys =
            #"session: { steps: [ { send: hello } ], end_on: { equals: over } }"#
            + #", heartbeat: { answer: { equals: ping }, with: pong }"#
        try await withConnection(keys) { connection, server in
            try await connection.command(.connect(bearerToken: nil))
            try await server.waitForMessages(1)
            try await connection.run { parts in
                let client = parts.connection.client
                let renewal = ConnectionRenewal(of: client)
                let successor = WebSocketSuccessor(subprotocol: nil, renewal: renewal)
                parts.connection.webSocketClient(client, prepares: successor)
                parts.connection.webSocketClient(client, renewedWith: nil, before: nil)
                for text in ["ping", "data", "over"] {
                    let batch = WebSocketMessageBatch(text: text)
                    parts.connection.webSocketClient(client, receivedFromPredecessor: batch)
                }
            }
            let isReady = try await connection.run { $0.connection.isReady }
            #expect(isReady, "only the connection before is over")
            let stats = try await connection.stats()
            #expect(stats.received == 3 && stats.session?.heartbeats == 1, "\(stats)")
            #expect(try await connection.command(.send(ByteBuffer(string: "next"))) == .ok)
            try await server.waitForMessages(2)
            #expect(server.texts == ["hello", "next"], "a heartbeat of the one before is not answered here")
        }
    }

    @Test func theLastWordsAreTheLastOnes() async throws {
        try await withConnection { connection, server in
            try await connection.command(.connect(bearerToken: nil))
            try await connection.waits(for: "event/established")
            try await server.waitForEstablished()
            try await server.send("one")
            try await connection.waits(for: "last_received")
            try await server.send("two")
            try await eventually("it arrived") { try await connection.stats().received == 2 }
            try await connection.run { $0.connection.announceShutdown() }
            #expect(try await connection.last("w/cloud/last_received").contains("two"))
            #expect(try await connection.last("w/cloud/state") == "disconnected")
            #expect(try await connection.last("w/cloud/event/disconnected").contains(#""close_code":1001"#))
            #expect(try await connection.stats().state == "disconnected")
        }
    }

    @Test func whatIsNoTextIsTakenButWillNotBeSent() async throws {
        try await withConnection { connection, server in
            try await connection.command(.connect(bearerToken: nil))
            try await connection.waits(for: "event/established")
            let intake = try await connection.run { parts in
                let sink = parts.connection.makeSink(ConnectionSinkConfiguration(connection: "cloud"))
                return sink.take(.of(payloads: [[0x61], [0xff], [0xfe], [0x62], [0xff]]))
            }
            #expect(intake.taken == 5 && intake.inFlight == 5)
            #expect(intake.doomed == [1, 2, 4])
            try await server.waitForMessages(2)
            #expect(server.texts == ["a", "b"])
        }
    }
}

/// A connection and the broker that carries its status topics.
private final class Parts {
    let broker = ScriptedBroker(name: "local")
    let publisher: StatusPublisher
    let connection: Connection

    init(_ configuration: GatewayConfiguration, _ eventLoop: any EventLoop) throws {
        publisher = StatusPublisher(topics: StatusTopics(base: "w"), broker: broker)
        connection = try Connection(
            configuration.connections[0],
            hiddenValues: configuration.hiddenValues,
            publisher: publisher,
            eventLoop: eventLoop,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        broker.becomes(.connected)
        publisher.brokerConnected()
        connection.start()
    }
}

extension OnLoop<Parts> {
    @discardableResult
    fileprivate func command(_ command: ConnectionCommand) async throws -> ControlResponse.Result {
        try await run { $0.connection.perform(command).result }
    }

    fileprivate func stats() async throws -> ConnectionStats { try await run { $0.connection.stats } }

    fileprivate func texts() async throws -> [String] { try await run { $0.broker.published.map(\.text) } }

    fileprivate func lines(where isWanted: @Sendable @escaping (String) -> Bool) async throws -> [String] {
        try await run { $0.broker.published.map(\.line).filter(isWanted) }
    }

    /// The last payload on a topic; empty if there was none.
    fileprivate func last(_ topic: String) async throws -> String {
        try await run { $0.broker.published.last { $0.topic == topic }?.text ?? "" }
    }

    fileprivate func waits(for ending: String) async throws {
        try await eventually(ending) { try await !lines { $0.hasSuffix(ending) }.isEmpty }
    }
}

private func withConnection(
    _ keys: String = "",
    userInfo: String = "",
    environment: [String: String] = [:],
    script: TestWebSocketServer.Script = .init(),
    _ body: (OnLoop<Parts>, TestWebSocketServer) async throws -> Void
) async throws {
    try await withWebSocketServer(script) { server in
        let user = userInfo.isEmpty ? "" : userInfo + "@"
        let yaml = """
            connections:
              cloud: { url: "ws://\(user)127.0.0.1:\(server.port)", auto_connect: false\(keys.isEmpty ? "" : ", " + keys) }
            routes: {}

            """
        let configuration = try configuration(yaml, environment: environment)
        try await withEventLoop { eventLoop in
            let parts = try await OnLoop(eventLoop) { try Parts(configuration, $0) }
            try await body(parts, server)
            try await parts.run { $0.connection.shutdown {} }
            try await eventually("its end") { try await parts.run { !$0.connection.client.status.tcp } }
        }
    }
}
