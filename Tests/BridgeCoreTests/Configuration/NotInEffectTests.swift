import BridgeCore
import Testing

/// What a later version brings is understood now, and said at its place.
struct NotInEffectTests {
    @Test func isAWarningWhereItIsWritten() throws {
        let text = """
            connections:
              cloud: { url: wss://a.b, compression: { level: 1 } }
              other: { url: wss://c.d }
            web: { listen: "127.0.0.1:9000" }
            routes:
              r:
                from: cloud
                to: other
            """
        func warning(_ text: String) -> String { "warning: \(text)" }
        let suffix = "isn't in effect yet in this version:"
        let gateway = try configuration(
            text,
            warnings: [
                "4:16: \(warning("web \(suffix) no page, API or metrics are served"))"
            ]
        )
        #expect(gateway.connections[0].compression != nil)
    }

    @Test func whatIsOffOrByDefaultIsSilent() throws {
        _ = try configuration(
            """
            state_dir: none
            connections:
              cloud: { url: wss://a.b, compression: false }
            mqtt: { local: { url: mqtt://127.0.0.1 } }
            web: { listen: none }
            routes:
              r:
                from: cloud
                to: { mqtt: local, topic: a, qos: 1 }
                queue: { store: memory, ttl: none, when_full: block }
            """,
            environment: ["STATE_DIRECTORY": "/var/lib/wsbridge"]
        )
    }
}
