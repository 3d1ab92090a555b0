import BridgeCore
import Testing

/// What is said about keys that aren't known where they stand.
struct UnknownKeyTests {
    @Test(arguments: [
        ("instanc: a", "did you mean 'instance'?"),
        ("Connections: {}", "did you mean 'connections'?"),
        ("shutdownTimeout: 1s", "did you mean 'shutdown_timeout'?"),
        ("control-socket: a", "did you mean 'control_socket'?"),
        ("brokers: {}", "did you mean 'mqtt'?"),
        ("websockets: {}", "did you mean 'connections'?"),
        ("log_level: debug", "write log: { level: … }"),
        ("ws_url: x", "the feed stands in connections.NAME.url"),
        ("topic_prefix: x", "write status: { base_topic: … }"),
        ("bearer_token: x", "it belongs in connections.NAME"),
        ("when_full: block", "it belongs in routes.NAME.queue"),
    ])
    func atTheTop(line: String, advice: String) {
        let key = line.prefix { $0 != ":" }
        expect(line + "\nroutes: {}\n", says: ["1:1: unknown key '\(key)': \(advice)"])
    }

    @Test(arguments: [
        ("host: a", "did you mean 'hostname'?"),
        ("Hostname: a", "did you mean 'hostname'?"),
        ("ws_url: a", "did you mean 'url'?"),
        ("\"Send keep alive?\": true", "did you mean 'send_keep_alive'?"),
        ("Auto-Reconnect: true", "did you mean 'auto_reconnect'?"),
        ("Extended Logging: true", "did you mean 'extended_logging'?"),
        ("Match String: a", "what is received is filtered by the 'match' of a route"),
        ("ping_interval: 5s", "write keep_alive: { interval: … }"),
        ("proxy_url: a", "did you mean 'proxy'?"),
        ("token: a", "did you mean 'bearer_token'?"),
        ("ssl: {}", "did you mean 'tls'?"),
        ("ca_file: a", "write tls: { ca_file: … }"),
        ("conect_timeout: 5s", "did you mean 'connect_timeout'?"),
        ("client_id: a", "it belongs in connections.NAME.oauth2 or mqtt.NAME"),
        ("initial_delay: 1s", "it belongs in connections.NAME.reconnect"),
    ])
    func inAConnection(line: String, advice: String) {
        let key = line.prefix { $0 != ":" }.filter { $0 != "\"" }
        expect(
            "connections:\n  cloud:\n    url: wss://example.com\n    \(line)\nroutes: {}\n",
            says: [
                "4:5: unknown key '\(key)' in connections.cloud: \(advice)"
            ]
        )
    }

    @Test func inARoute() {
        expect(
            """
            connections: { a: { url: "wss://example.com" } }
            mqtt: { m: { url: "mqtt://127.0.0.1" } }
            routes:
              r:
                from: { mqtt: m, topic: x, retain: true }
                to: { mqtt: m, topic: y, ttl: 5, on_newline: drop, qoss: 1 }
                filter: x
                queue: { max_size: 1MiB, qos: 1 }
                qos: 1
                que: {}
                zebra: 1
            """,
            says: [
                "5:32: unknown key 'retain' in routes.r.from: it belongs in routes.NAME.to: { mqtt }",
                "6:30: unknown key 'ttl' in routes.r.to: did you mean 'expiry'?",
                "6:38: unknown key 'on_newline' in routes.r.to: it belongs in routes.NAME.to: { fifo }",
                "6:56: unknown key 'qoss' in routes.r.to: did you mean 'qos'?",
                "7:5: unknown key 'filter' in routes.r: did you mean 'match'?",
                "8:14: unknown key 'max_size' in routes.r.queue: did you mean 'max_bytes'?",
                "8:30: unknown key 'qos' in routes.r.queue: it belongs in routes.NAME.from: { mqtt } or routes.NAME.to: { mqtt }",
                "9:5: unknown key 'qos' in routes.r: it belongs in routes.NAME.from: { mqtt } or routes.NAME.to: { mqtt }",
                "10:5: unknown key 'que' in routes.r: did you mean 'queue'?",
                "11:5: unknown key 'zebra' in routes.r: the keys here are from, match, to, queue, reply_to, allow_echo",
            ]
        )
    }

    @Test func aKeyIsShownEscapedAndCut() {
        expect(
            "\"a\\e[31m\\n\": 1\nroutes: {}\n",
            says: [
                "1:1: unknown key 'a\\u{1b}[31m\\n': the keys here are instance, state_dir, connections, mqtt, status, "
                    + "web, control_socket, shutdown_timeout, log, routes"
            ]
        )
        expect(
            "connections: { \"a\\e\": {} }\nroutes: { r: { from: b, to: b } }\n",
            says: [
                "1:16: the name 'a\\u{1b}' must be 1 to 64 of A-Z a-z 0-9 _ -, in connections",
                "1:16: connections.'a\\u{1b}' needs a url, such as wss://example.com/feed, or a hostname",
                "2:22: there is no connection 'b': there is 'a\\u{1b}'",
                "2:29: there is no connection 'b': there is 'a\\u{1b}'",
            ]
        )
        let long = String(repeating: "z", count: 500)
        #expect(Transcript().lines("\(long): 1\n")[0].count < 300)
    }
}
