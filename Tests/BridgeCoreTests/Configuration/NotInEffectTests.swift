import BridgeCore
import Testing

/// What a later version brings is understood now, and said at its place.
struct NotInEffectTests {
    @Test func isAWarningWhereItIsWritten() throws {
        let text = """
            state_dir: /var/lib/wsbridge
            connections:
              cloud: { url: wss://a.b, compression: { level: 1 } }
              other: { url: wss://c.d }
            web: { listen: "127.0.0.1:9000" }
            routes:
              r:
                from: cloud
                to: { connection: other, queue: { store: always } }
                queue:
                  when_full: conflate
                  conflate_by: $.symbol
                  store: spill
                  max_disk: 2GiB
                  ttl: 1h
            """
        func warning(_ text: String) -> String { "warning: \(text)" }
        let suffix = "isn't in effect yet in this version:"
        let gateway = try configuration(
            text,
            warnings: [
                "1:12: \(warning("state_dir \(suffix) queues are held in memory only"))",
                "5:16: \(warning("web \(suffix) no page, API or metrics are served"))",
                "9:46: \(warning("store: always \(suffix) the queue is held in memory only"))",
                "11:18: \(warning("conflate \(suffix) it acts as drop_oldest"))",
                "13:14: \(warning("store: spill \(suffix) the queue is held in memory only"))",
                "14:17: \(warning("max_disk \(suffix) the queue is held in memory only"))",
                "15:12: \(warning("ttl \(suffix) messages don't expire"))",
            ]
        )
        let queue = gateway.routes[0].sinks[0].queue
        #expect(queue.whenFull == .conflate && queue.conflateBy == "$.symbol" && queue.store == .always)
        #expect(queue.maxDisk == 2 << 30 && queue.ttl == .seconds(3600))
        #expect(gateway.stateDirectory == "/var/lib/wsbridge" && gateway.connections[0].compression != nil)
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

    @Test func aSpoolNeedsAFolder() {
        expect(
            "connections: { a: { url: wss://a.b }, b: { url: wss://c.d } }\nroutes: { r: { from: a, to: b, queue: { store: spill } } }\n",
            says: [
                "2:48: warning: store: spill isn't in effect yet in this version: the queue is held in memory only (and it "
                    + "needs a state_dir)"
            ]
        )
    }
}
