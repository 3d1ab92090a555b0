import Foundation
import TestSupport
import Testing

/// Each status topic, as a subscriber of the broker sees it.
struct StatusTopicTests {
    @Test("topic <base>/status: online, retained, QoS 1; offline at the end")
    func statusIsOnlineThenOffline() async throws {
        try await withEstablishedSite { site in
            let online = try await site.mqtt.message(on: "\(Site.base)/status") { $0.text == "online" }
            #expect(online.qos == 1)
            try await withMQTTRecorder(of: site.broker, "\(Site.base)/status") { late in
                let retained = try await late.message(on: "\(Site.base)/status")
                #expect(retained.isRetained)
                #expect(retained.text == "online")
            }
            try await site.gateway.stop()
            _ = try await site.mqtt.message(on: "\(Site.base)/status") { $0.text == "offline" }
            #expect(site.mqtt.messages.last { $0.topic == "\(Site.base)/status" }?.text == "offline")
        }
    }

    @Test("topic <base>/status: the last will says offline when the gateway is killed")
    func theWillSaysOffline() async throws {
        try await withEstablishedSite { site in
            _ = try await site.mqtt.message(on: "\(Site.base)/status") { $0.text == "online" }
            site.gateway.process.send(SIGKILL)
            let will = try await site.mqtt.message(on: "\(Site.base)/status") { $0.text == "offline" }
            #expect(will.qos == 1)
            try await withMQTTRecorder(of: site.broker, "\(Site.base)/status") { late in
                let retained = try await late.message(on: "\(Site.base)/status")
                #expect(retained.isRetained)
            }
        }
    }

    @Test("topic <base>/<c>/state: in the order of what happened")
    func statesFollowTheConnection() async throws {
        // Begun by command: what happens before the broker is there only leaves its latest value.
        try await withSite(yaml: { $0.standard(connection: "auto_connect: false") }) { site in
            _ = try await site.mqtt.message(on: "\(Site.base)/cloud/state")
            try await site.command("connect")
            try await site.event("established")
            await site.server.dropAll()
            try await site.event("established", number: 2)
            try await eventually("the second established") { site.states().count { $0 == "established" } == 2 }
            #expect(
                site.states() == [
                    "disconnected", "connecting", "connected", "established", "backoff", "connecting", "connected",
                    "established",
                ]
            )
        }
    }

    @Test("topics state and connection_status are retained and come again after each broker connect")
    func retainedTopicsComeAgain() async throws {
        try await withEstablishedSite { site in
            _ = try await site.connectionStatus("established") { $0.state == "established" }
            try await site.broker.restart()  // without persistence: it has forgotten everything
            try await eventually("the gateway is back") {
                let status = try await site.gateway.status()
                return status.brokers["local"]?.state == "connected"
            }
            try await withMQTTRecorder(of: site.broker) { late in
                let state = try await late.message(on: "\(Site.base)/cloud/state") { $0.text == "established" }
                #expect(state.isRetained)
                let status = try await late.message(on: "\(Site.base)/cloud/connection_status")
                #expect(status.isRetained)
                #expect(try ConnectionStatus(status.payload).state == "established")
                #expect(try await late.message(on: "\(Site.base)/status").text == "online")
            }
        }
    }

    @Test(
        "topic <base>/<c>/connection_status: tcp, websocket, state, since, reason, close_code, attempts, next_attempt"
    )
    func connectionStatusTellsWhy() async throws {
        try await withSite(
            .init(.refuse(status: 503)),
            yaml: { $0.standard().replacing("50ms", with: "2s").replacing("200ms", with: "4s") }
        ) { site in
            let status = try await site.connectionStatus("backoff") { $0.state == "backoff" }
            #expect(!status.tcp && !status.websocket)
            #expect(status.reason?.contains("503") == true)
            #expect(status.attempts >= 1)
            #expect(isTimestamp(status.since))
            #expect(status.next_attempt.map(isTimestamp) == true)

            site.server.script = .init()
            try await site.event("established")
            let later = try await site.connectionStatus("established") { $0.state == "established" }
            #expect(later.attempts == 0)
            #expect(later.next_attempt == nil)
        }
    }

    @Test("topics last_sent and last_received: at most one a second, the last value follows, first 1 KiB only")
    func lastMessagesAreThrottled() async throws {
        try await withEstablishedSite { site in
            let topic = "\(Site.base)/cloud/last_received"
            let start = ContinuousClock.now
            for index in 0..<500 {
                try await site.server.send("message \(index) " + String(repeating: "x", count: 3_000))
            }
            let message = try await site.mqtt.message(on: topic) { $0.text.contains("message 499 ") }
            let published = site.count(on: topic)
            #expect(published <= Int((ContinuousClock.now - start).components.seconds) + 2)
            let last = try LastMessage(message.payload)
            #expect(last.bytes == 3_012)
            #expect(last.message.utf8.count == 1_024)

            try await site.server.send(.binary([0, 0xff, 1]))
            let encoded = try await site.mqtt.message(on: topic) { $0.text.contains("base64") }
            let binary = try LastMessage(encoded.payload)
            #expect(binary.encoding == "base64")
            #expect(binary.kind == "binary")
            #expect(binary.message == "AP8B")
        }
    }

    @Test("topics event/connected, event/established, event/disconnected: not retained, QoS 1")
    func eventsAreNotRetained() async throws {
        try await withEstablishedSite { site in
            let events = site.mqtt.messages.filter { $0.topic.contains("/event/") }
            #expect(events.map(\.qos) == [1, 1])
            try await withMQTTRecorder(of: site.broker) { late in
                _ = try await late.message(on: "\(Site.base)/cloud/state")
                try await site.command("disconnect")
                _ = try await late.message(on: "\(Site.base)/cloud/event/disconnected")
                #expect(late.messages.count { $0.topic.contains("/event/") } == 1)
            }
        }
    }

    @Test("topic event/disconnected follows only a connected")
    func nothingDisconnectsThatWasNotConnected() async throws {
        let port = freePort()
        try await withSite(yaml: { parts in
            parts.standard().replacing(":\(parts.server.port)/", with: ":\(port)/")
        }) { site in
            try await eventually("three attempts") { site.states().count { $0 == "connecting" } >= 3 }
            #expect(try site.events().isEmpty)
        }
    }

    @Test("topic <base>/stats: retained, and the numbers balance")
    func statsArePublished() async throws {
        try await withEstablishedSite(routes: { _ in
            "out: { from: cloud, match: keep, to: { mqtt: local, topic: out, qos: 1 } }"
        }) { site in
            for index in 0..<10 { try await site.server.send(index < 4 ? "keep \(index)" : "drop \(index)") }
            try await eventually("four") { site.count(on: "out") == 4 }
            try await site.gateway.status("all of them") { $0.connections["cloud"]?.received == 10 }
            let stats = try await site.stopAndTakeStats()
            #expect(stats.instance == "test")
            #expect(isTimestamp(stats.at))
            #expect(stats.connections["cloud"]?.received == 10)
            #expect(stats.brokers["local"]?.state != nil)
            let route = try #require(stats.routes["out"])
            #expect((route.received, route.matched, route.unmatched) == (10, 4, 6))
            #expect(route.sinks[0].sink == "mqtt:local")
            #expect(route.sinks[0].delivered == 4)
            #expect(route.sinks[0].dropped.isEmpty)
            try await withMQTTRecorder(of: site.broker, "\(Site.base)/stats") { late in
                let retained = try await late.message(on: "\(Site.base)/stats")
                #expect(retained.isRetained)
            }
        }
    }

    @Test func statusTopicsCanBeSwitchedOff() async throws {
        try await withSite(yaml: { parts in
            parts.standard()
                + """
                status: { mqtt: none }
                routes:
                  out: { from: cloud, to: { mqtt: local, topic: out, qos: 1 } }
                """
        }) { site in
            try await site.server.waitForEstablished()
            try await site.server.send("only this")
            _ = try await site.mqtt.message(on: "out")
            try await site.gateway.stop()
            #expect(site.mqtt.messages.map(\.topic) == ["out"])
        }
    }

    @Test func aBaseTopicOfOnesOwn() async throws {
        try await withSite(yaml: { $0.standard() + "status: { base_topic: site/twelve }\n" }) { site in
            _ = try await site.mqtt.message(on: "site/twelve/cloud/state") { $0.text == "established" }
            try await site.mqtt.publish("site/twelve/cloud/command/send", "hello")
            try await site.server.waitForMessages(1)
        }
    }
}
