import BridgeCore
import Foundation
import Testing
import WSClient

/// Every file in `config/`.
struct ExampleConfigurationTests {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("config")

    /// What the examples need that has no default.
    static let environment = ["CLOUD_TOKEN": "a-token", "HA_TOKEN": "another-token", "PROXY_PASSWORD": "a-password"]

    static let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") }.sorted()) ?? []

    static func text(of name: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    @Test func theyAreAllHere() {
        #expect(
            Self.names == [
                "alarms-to-udp.yaml", "binary-to-fifo.yaml", "cloud-to-mqtt.yaml", "compressed-feed.yaml",
                "edge-box.yaml",
                "exchange-ticker.yaml", "fifo-in-and-out.yaml", "graphql-subscription.yaml", "home-assistant.yaml",
                "log-in-and-heartbeat.yaml", "mqtt-to-websocket.yaml", "oauth2.yaml", "pharos-first-file.yaml",
                "request-and-response.yaml",
                "several-connections-and-brokers.yaml", "signalr.yaml", "socket-io.yaml", "spool.yaml",
                "through-a-proxy.yaml", "tls-client-certificate.yaml", "token-command.yaml", "udp-to-websocket.yaml",
            ]
        )
    }

    @Test(arguments: names)
    func loadsWithoutAWord(name: String) throws {
        let gateway = try configuration(try Self.text(of: name), environment: Self.environment)
        #expect(!gateway.routes.isEmpty)
    }

    @Test(arguments: names)
    func beginsWithWhatItIsFor(name: String) throws {
        #expect(try Self.text(of: name).hasPrefix("# "))
    }

    @Test func anEndToEndTestCanPointThemElsewhere() throws {
        var environment = Self.environment
        environment["CLOUD_URL"] = "ws://127.0.0.1:9001/x"
        environment["MQTT_URL"] = "mqtt://127.0.0.1:9002"
        let gateway = try configuration(try Self.text(of: "cloud-to-mqtt.yaml"), environment: environment)
        #expect(gateway.connections[0].endpoint.port == 9001)
        #expect(gateway.brokers[0].port == 9002)
    }

    @Test("DESIGN 5: the block of the contract loads, with warnings only")
    func theContractsOwnExample() throws {
        let outcome = Transcript(environment: ["CLOUD_TOKEN": "x"]).load(EverythingExample.text)
        #expect(outcome.diagnostics.filter { $0.severity == .error }.map(\.description) == [])
        let gateway = try #require(outcome.configuration)
        #expect(gateway.routes.map(\.name) == ["trades", "alarms", "commands", "sensors", "console"])
        #expect(gateway.status == StatusConfiguration(broker: "local", baseTopic: "wsbridge/site-12"))
        #expect(gateway.routes[1].sinks.count == 2)
        #expect(gateway.routes[0].sinks[0].queue.maxBytes == 64 << 20)
    }
}
