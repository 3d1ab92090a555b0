import BridgeCore
import Testing

/// Routes that lead back into their own source, and rings of two.
struct LoopCheckTests {
    private static let head = """
        instance: site
        connections: { cloud: { url: wss://a.b }, other: { url: wss://c.d } }
        mqtt: { local: { url: mqtt://127.0.0.1 }, far: { url: mqtt://10.0.0.1 } }
        status: { mqtt: none }
        routes:

        """

    private func lines(_ routes: String) -> [String] {
        Transcript().lines(Self.head + routes)
    }

    private func echo(_ what: String) -> String {
        "route r leads back into its own source: \(what), or write allow_echo: true"
    }

    @Test("S9: a connection into itself")
    func s9Connection() {
        #expect(
            lines("  r: { from: cloud, to: [ other, cloud ] }") == [
                "6:34: \(echo("connection cloud is its own source; choose another sink"))"
            ]
        )
        #expect(lines("  r: { from: cloud, to: cloud, allow_echo: true }") == [])
    }

    @Test(
        "S9: a topic that the own filter matches",
        arguments: [
            ("a/b", "a/b"), ("a/#", "a/b/c"), ("+/b", "a/b"), ("a/+/c", "a/{$.x}/c"), ("#", "{topic}"),
            ("a/#", "a/{topic}"),
            ("site/#", "{instance}/a"), ("r/+", "{route}/a"), ("a/b", "{$.x}/b"), ("a/bc", "a/b{$.x}"),
        ]
    )
    func s9Topics(filter: String, topic: String) {
        let found = lines("  r: { from: { mqtt: local, topic: '\(filter)' }, to: { mqtt: local, topic: '\(topic)' } }")
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix(echo("this topic is matched by its own filter '\(filter)'; choose another topic"))
                ?? false
        )
    }

    @Test(arguments: [
        ("a/b", "a/c"), ("a/+", "a/b/c"), ("a/#", "b/{topic}"), ("a/+/c", "a/{$.x}/d"), ("x/#", "{instance}/a"),
        ("#", "$SYS/a"),
    ])
    func otherTopicsAreFine(filter: String, topic: String) {
        #expect(
            lines("  r: { from: { mqtt: local, topic: '\(filter)' }, to: { mqtt: local, topic: '\(topic)' } }") == []
        )
    }

    @Test func anotherBrokerIsFine() {
        #expect(lines("  r: { from: { mqtt: local, topic: 'a/#' }, to: { mqtt: far, topic: a/b } }") == [])
    }

    @Test(
        "S9: a UDP address that is its own port",
        arguments: [
            ("127.0.0.1:5", "127.0.0.1:5"), ("0.0.0.0:5", "127.0.0.1:5"), ("127.0.0.1:5", "localhost:5"),
            ("[::]:5", "[::1]:5"), ("239.0.0.1:5", "239.0.0.1:5"),
        ]
    )
    func s9UDP(source: String, sink: String) {
        let found = lines("  r: { from: { udp: \"\(source)\" }, to: { udp: \"\(sink)\" } }")
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix(echo("it listens at \(source) itself; choose another port")) ?? false)
    }

    @Test func anotherPortOrHostIsFine() {
        #expect(lines("  r: { from: { udp: \"127.0.0.1:5\" }, to: { udp: \"127.0.0.1:6\" } }") == [])
        #expect(lines("  r: { from: { udp: \"127.0.0.1:5\" }, to: { udp: \"127.0.0.2:5\" } }") == [])
    }

    @Test("S9: the same FIFO")
    func s9FIFO() {
        #expect(
            lines("  r: { from: { fifo: /a/b }, to: { fifo: /a/./b } }") == [
                "6:34: \(echo("it reads the same FIFO; choose another path"))"
            ]
        )
    }

    @Test func aRingOverTwoRoutesIsAWarningThatNamesBoth() {
        let warning =
            "warning: the routes out and back form a ring: what one of them sends may come back through the "
            + "other for ever; if that is meant, write allow_echo: true"
        #expect(
            lines(
                """
                  out: { from: cloud, to: { mqtt: local, topic: 'feed/{$.a}' } }
                  back: { from: { mqtt: local, topic: 'feed/#' }, to: cloud }
                """
            ) == ["7:3: \(warning)"]
        )
        #expect(
            lines(
                """
                  out: { from: { fifo: /a }, to: { fifo: /b } }
                  back: { from: { fifo: /b }, to: { fifo: /a } }
                """
            ) == ["7:3: \(warning)"]
        )
        #expect(
            lines(
                """
                  out: { from: cloud, to: { mqtt: local, topic: 'feed/{$.a}' } }
                  back: { from: { mqtt: local, topic: 'feed/#' }, to: cloud, allow_echo: true }
                """
            ) == []
        )
        #expect(
            lines(
                """
                  out: { from: cloud, to: { mqtt: local, topic: 'feed/{$.a}' } }
                  back: { from: { mqtt: local, topic: 'send/#' }, to: cloud }
                """
            ) == []
        )
    }
}
