import BridgeCore
import Testing

/// `reply_to` of a route.
struct ReplySectionTests {
    private func yaml(_ keys: String, broker: String = "response_topics: [ 'replies/#' ]", more: String = "") -> String
    {
        """
        connections: { cloud: { url: wss://a.b }, other: { url: wss://c.d } }
        mqtt: { local: { url: mqtt://127.0.0.1, \(broker) } }
        routes:
          r:

        """ + keys.split(separator: "\n").map { "    \($0)\n" }.joined() + more
    }

    private let ends = "from: { mqtt: local, topic: a }\nto: cloud\n"

    private func reply(_ value: String) throws -> ReplyConfiguration? {
        try configuration(yaml(ends + "reply_to: \(value)")).routes[0].replyTo
    }

    @Test func matchAndTimeout() throws {
        var expected = ReplyConfiguration()
        #expect(try configuration(yaml(ends)).routes[0].replyTo == nil)
        #expect(try reply("{}") == expected)
        #expect(expected.timeout == .seconds(5))
        #expect(try reply("{ match: '' }") == expected)
        expected.match = .contains("ack", caseSensitive: true)
        expected.timeout = .milliseconds(250)
        #expect(try reply("{ match: ack, timeout: 250ms }") == expected)
        #expect(
            try reply("{ match: { json: $.re, exists: true } }")?.match
                == .json(path: "$.re", .exists(true), caseSensitive: true)
        )
    }

    @Test func whatIsWrongIsSaidAtItsPlace() {
        expect(
            yaml(ends + "reply_to:\n  match: { json: type }\n  timeout: 5\n  wait: 3s"),
            says: [
                "8:16: json needs a condition beside it: equals, contains, exists, one_of, gt, lt",
                "8:22: json: a JSON path begins with $: write $.name (at character 1)",
                "9:16: timeout must be a duration from 10ms to 24h, such as 10s, found the number 5: write a unit, such as 5s",
                "10:7: unknown key 'wait' in routes.r.reply_to: the keys here are match, timeout",
            ]
        )
        expect(
            yaml(ends + "reply_to: { timeout: 1ms }"),
            says: ["7:26: timeout must be a duration from 10ms to 24h, such as 10s, found '1ms'"]
        )
        expect(
            yaml(ends + "reply_to: ack"),
            says: ["7:15: reply_to must be a mapping such as 'reply_to: { match: …, timeout: … }', found 'ack'"]
        )
    }

    @Test func onlyMQTT5CanAsk() {
        for source in ["other", "{ udp: \"127.0.0.1:5006\" }", "{ fifo: /a/b }"] {
            expect(
                yaml("from: \(source)\nto: cloud\nreply_to: {}"),
                says: ["7:5: only a route from MQTT has requests to answer with reply_to"]
            )
        }
        expect(
            yaml(ends + "reply_to: {}", broker: "protocol_version: \"3.1.1\""),
            says: ["7:5: reply_to has nobody to answer with MQTT 3.1.1: local needs protocol_version: \"5\""]
        )
        for broker in ["username: u", "response_topics: []"] {
            expect(
                yaml(ends + "reply_to: {}", broker: broker),
                says: [
                    "7:5: reply_to has nowhere to answer: list the topics in mqtt.local.response_topics, such as "
                        + "response_topics: [ 'replies/#' ]"
                ]
            )
        }
    }

    @Test func oneConnectionReplies() {
        let says = "7:5: reply_to needs one sink, a connection: write a route of its own for each other sink"
        for sinks in ["[ cloud, other ]", "{ udp: \"127.0.0.1:5005\" }", "[ cloud, { fifo: /a/b } ]"] {
            expect(yaml("from: { mqtt: local, topic: a }\nto: \(sinks)\nreply_to: {}"), says: [says])
        }
    }

    @Test func routesThatTakeTheSameRepliesAreSaid() {
        func more(_ reply: String, to connection: String = "cloud") -> String {
            "  s: { from: { mqtt: local, topic: b }, to: \(connection), reply_to: { match: \(reply) } }\n"
        }
        expect(
            yaml(ends + "reply_to: { match: a }", more: more("a")),
            says: [
                "8:3: warning: the routes r and s take the same messages of cloud for replies, so one message answers a "
                    + "request of each: give each reply_to a match of its own"
            ]
        )
        expect(yaml(ends + "reply_to: { match: a }", more: more("b")), says: [])
        expect(yaml(ends + "reply_to: { match: a }", more: more("a", to: "other")), says: [])
    }
}
