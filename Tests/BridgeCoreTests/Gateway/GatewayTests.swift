import BridgeTestSupport
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import BridgeCore

/// A whole gateway between scripted adapters, in a time that the test makes pass.
struct GatewayTests {
    private static let yaml = """
        instance: test
        connections:
          cloud: { url: "ws://127.0.0.1:1", auto_connect: false }
        mqtt:
          local: { url: "mqtt://127.0.0.1:1" }
        routes:
          sensors: { from: { udp: "127.0.0.1:5006" }, to: { udp: "127.0.0.1:5005" } }

        """

    @Test func isReadyOnceEachBrokersFirstAttemptEnded() throws {
        let site = try ScriptedSite(Self.yaml)
        site.start()
        #expect(
            site.journal.take() == [
                "sink udp:127.0.0.1:5005 starts", "source udp:127.0.0.1:5006 starts", "broker local starts",
            ]
        )
        site.broker.becomes(.connecting)
        #expect(site.journal.take() == [])
        site.broker.becomes(.backoff(reason: "refused", next: .now()))
        #expect(site.journal.take() == ["ready"])
        site.broker.becomes(.connected)
        site.eventLoop.advanceTime(by: .seconds(6))
        #expect(site.journal.take() == [])
    }

    @Test func isReadyWithinFiveSecondsWhateverTheBrokerDoes() throws {
        let site = try ScriptedSite(Self.yaml)
        site.start()
        site.eventLoop.advanceTime(by: .milliseconds(4999))
        #expect(!site.journal.take().contains("ready"))
        site.eventLoop.advanceTime(by: .milliseconds(1))
        #expect(site.journal.take() == ["ready"])
    }

    @Test func waitsForNoBrokerWhenItIsToStop() throws {
        let site = try ScriptedSite(Self.yaml)
        site.gateway.waitNoLonger()
        site.start()
        #expect(site.journal.take().last == "ready")
    }

    @Test func publishesStatesAgainInOrderAtEachBrokerConnect() throws {
        let site = try ScriptedSite(Self.yaml)
        #expect(site.broker.will?.line == "wsbridge/test/status offline")
        site.start()
        let retained = [
            "wsbridge/test/status online", "wsbridge/test/cloud/state disconnected",
            "wsbridge/test/cloud/connection_status",
        ]
        site.broker.becomes(.connected)
        #expect(site.broker.take() == retained + ["wsbridge/test/stats"])
        site.broker.becomes(.backoff(reason: "gone", next: .now()))
        #expect(site.broker.take() == [])
        site.broker.becomes(.connected)
        #expect(site.broker.take() == retained + ["wsbridge/test/stats"])
    }

    @Test func publishesStatsEveryTenSeconds() throws {
        let site = try ScriptedSite(Self.yaml)
        site.start()
        site.broker.becomes(.connected)
        _ = site.broker.take()
        site.eventLoop.advanceTime(by: .seconds(30))
        #expect(site.broker.take() == Array(repeating: "wsbridge/test/stats", count: 3))
    }

    @Test func stopsSourcesThenDrainsThenSaysGoodbye() throws {
        let site = try ScriptedSite(Self.yaml)
        site.start()
        site.broker.becomes(.connected)
        site.source.client?.received(.of("a", "b"))
        _ = site.journal.take()
        site.stop()
        #expect(site.journal.take() == ["source udp:127.0.0.1:5006 stops"])
        site.eventLoop.advanceTime(by: .seconds(1))
        #expect(site.journal.take() == [], "two messages wait for the sink")
        site.sink.opens(for: 2)
        site.eventLoop.advanceTime(by: .seconds(1))
        #expect(
            site.journal.take() == ["sink udp:127.0.0.1:5005 stops", "broker local stops", "stopped"]
        )
        #expect(
            site.broker.farewell.map(\.line) == [
                "wsbridge/test/stats", "wsbridge/test/status offline",
            ]
        )
        #expect(site.balance.delivered == 2)
        #expect(site.broker.farewell[0].text.contains(#""delivered":2"#))
    }

    @Test func countsWhatDoesNotDrainInTimeAsShutdown() throws {
        let site = try ScriptedSite("shutdown_timeout: 3s\n" + Self.yaml)
        site.start()
        site.source.client?.received(.of("a", "b", "c"))
        site.broker.hangsWhenStopped = true
        site.stop()
        _ = site.journal.take()
        site.eventLoop.advanceTime(by: .milliseconds(2900))
        #expect(site.journal.take() == [])
        site.eventLoop.advanceTime(by: .milliseconds(200))
        #expect(site.journal.take() == ["sink udp:127.0.0.1:5005 stops", "broker local stops"])
        #expect(site.balance.dropped == [.shutdown: 3])
        #expect(site.balance.isBalanced)
        // The broker never says that it is done.
        site.eventLoop.advanceTime(by: .seconds(4))
        #expect(site.journal.take() == ["stopped"])
    }

    @Test func aSourceThatCannotStartStopsItsRoutesOnly() throws {
        let site = try ScriptedSite(Self.yaml)
        site.source.fault = "the port is taken"
        site.start()
        site.broker.becomes(.connected)
        #expect(site.journal.take().last == "ready")
        let stats = site.gateway.stats
        #expect(stats.routes["sensors"]?.error == "the port is taken")
        #expect(stats.sources["udp:127.0.0.1:5006"]?.error == "the port is taken")
    }

    @Test func countsWhatSourcesRejectAtTheSource() throws {
        let site = try ScriptedSite(Self.yaml)
        site.start()
        site.source.client?.rejected(3, because: .notAllowed)
        #expect(site.gateway.stats.sources["udp:127.0.0.1:5006"]?.rejected == ["not_allowed": 3])
        #expect(site.gateway.stats.routes["sensors"]?.received == 0)
    }

    @Test func commandsThatMustDoNothingAreCounted() throws {
        let site = try ScriptedSite(Self.yaml)
        site.start()
        site.broker.becomes(.connected)
        site.broker.command("wsbridge/test/cloud/command/connect", isRetained: true)
        site.broker.command("wsbridge/test/cloud/command/connect", "{not json")
        site.broker.command("wsbridge/test/cloud/command/connect", #"{"bearer_token":"a b"}"#)
        site.broker.command("wsbridge/test/cloud/command/explode")
        site.broker.command("wsbridge/test/cloud/command/send", "hello")
        site.broker.command("wsbridge/test/nobody/command/connect")
        let stats = site.gateway.stats
        #expect(stats.connections["cloud"]?.state == "disconnected")
        #expect(
            stats.connections["cloud"]?.rejected == [
                "retained_command": 1, "malformed_command": 3, "not_established": 1,
            ]
        )
        #expect(stats.brokers["local"]?.rejected == ["unknown_connection": 1])
    }

    @Test("S9: a request is answered on the topics that response_topics lists, and nowhere else")
    func s9AnswersRequestsWhereItMay() throws {
        let site = try ScriptedSite(
            Self.yaml.replacing("\"mqtt://127.0.0.1:1\"", with: "\"mqtt://127.0.0.1:1\", response_topics: [ \"#\" ]")
        )
        site.start()
        site.broker.becomes(.connected)
        _ = site.broker.take()
        func send(_ connection: String, answerTo topic: String, isRetained: Bool = false) {
            site.broker.command(
                "wsbridge/test/\(connection)/command/send",
                "hello",
                isRetained: isRetained,
                answerTo: ResponseAddress(topic: topic, correlation: [7, 0], qos: 1)
            )
        }
        send("cloud", answerTo: "replies/a")
        send("nobody", answerTo: "replies/b")
        #expect(site.broker.published.map(\.answer?.correlation) == [[7, 0], [7, 0]])
        #expect(
            site.broker.take() == ["replies/a dropped: not_established", "replies/b dropped: unknown_connection"]
        )
        // Wildcards, the broker's own and the gateway's own topics are no answer's.
        for topic in ["a/#", "", "$SYS/a", "wsbridge/test/status", "a\u{0}b", String(repeating: "a", count: 1023)] {
            send("cloud", answerTo: topic)
        }
        // Whoever retained a request waits no longer.
        send("cloud", answerTo: "replies/c", isRetained: true)
        #expect(site.broker.take() == [])
        #expect(site.gateway.stats.brokers["local"]?.rejected == ["unknown_connection": 1, "response_refused": 6])
    }

    @Test func withoutResponseTopicsNobodyIsAnswered() throws {
        let site = try ScriptedSite(Self.yaml)
        site.start()
        site.broker.becomes(.connected)
        _ = site.broker.take()
        let address = ResponseAddress(topic: "replies/a", qos: 0)
        site.broker.command("wsbridge/test/cloud/command/send", "hello", answerTo: address)
        #expect(site.broker.take() == [])
        #expect(site.gateway.stats.brokers["local"]?.rejected == ["response_refused": 1])
        #expect(site.gateway.stats.connections["cloud"]?.rejected == ["not_established": 1])
    }

    @Test func answersTheControlSocket() throws {
        let site = try ScriptedSite(Self.yaml)
        site.start()
        #expect(site.ask(.status).stats?.instance == "test")
        #expect(site.ask(.send, "cloud").result == .notEstablished)
        #expect(site.ask(.send, "nobody").result == .unknownConnection)
        #expect(site.ask(.send, "nobody").message == "there is no connection 'nobody'; there are: cloud")
        #expect(site.ask(.connect).result == .badRequest)
        #expect(site.ask(.connect, "cloud", token: "a\r\nb").result == .badRequest)
        #expect(site.gateway.stats.connections["cloud"]?.state == "disconnected")
    }
}

/// A gateway and the scripted adapters that it was made with.
private struct ScriptedSite {
    let eventLoop = EmbeddedEventLoop()
    let journal = Journal()
    let gateway: Gateway

    init(_ yaml: String) throws {
        let journal = journal
        let adapters = AdapterFactory(
            broker: { configuration, _, _ in ScriptedBroker(name: configuration.name, journal: journal) },
            udpSource: { _, _, _ in ScriptedSource(name: "udp:127.0.0.1:5006", journal: journal) },
            udpSink: { _, _, _ in
                ScriptedSink(name: "udp:127.0.0.1:5005", settlesLater: false, journal: journal)
            },
            fifoSource: { _, _, _ in ScriptedSource(name: "fifo", journal: journal) },
            fifoSink: { _, _, _ in ScriptedSink(name: "fifo", settlesLater: false, journal: journal) }
        )
        gateway = try Gateway(
            try configuration(yaml),
            version: "1",
            adapters: adapters,
            eventLoop: eventLoop,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    var broker: ScriptedBroker { scripted(gateway.parts.brokers[0]) }
    var source: ScriptedSource { scripted(gateway.parts.hubs[0].source) }
    var sink: ScriptedSink { scripted(gateway.parts.routes[0].queues[0].sink) }
    var balance: Balance { gateway.parts.routes[0].queues[0].currentBalance }

    /// The part that the scripted adapters made.
    private func scripted<Part>(_ part: AnyObject) -> Part {
        guard let scripted = part as? Part else { preconditionFailure("\(part) is not scripted") }
        return scripted
    }

    func start() { gateway.start { [journal] in journal.note("ready") } }
    func stop() { gateway.stop { [journal] in journal.note("stopped") } }

    func ask(_ verb: ControlRequest.Verb, _ connection: String? = nil, token: String? = nil) -> ControlResponse {
        var request = ControlRequest(verb: verb, connection: connection)
        request.bearerToken = token
        return gateway.handle(request)
    }
}
