import Testing

@testable import BridgeCore

struct TopicNameTests {
    @Test("S16: a received topic is valid", arguments: ["a", "a/b", "/", "a//b", "$SYS/x", "größe/😀", "a\u{1}b"])
    func acceptsWhatTheStandardAllows(topic: String) {
        #expect(Array(topic.utf8).withUnsafeBytes { TopicName.isValid($0) })
    }

    @Test(
        "S16: a received topic is refused",
        arguments: [
            [], Array("a/+".utf8), Array("a/#".utf8), Array("a\0b".utf8), [0x61, 0xFF], [0xC0, 0x80],
            [0xED, 0xA0, 0x80],
            [0xE2, 0x82], [UInt8](repeating: 0x61, count: 65_536),
        ] as [[UInt8]]
    )
    func refusesWhatItForbids(topic: [UInt8]) {
        #expect(!topic.withUnsafeBytes { TopicName.isValid($0) })
    }

    @Test(arguments: [
        ("", "empty"), ("a/+/b", "wildcard +"), ("a/#", "wildcard #"), ("a\u{0}", "U+0"), ("a\u{85}", "U+85"),
        ("a\u{FFFE}", "U+FFFE"), (String(repeating: "a", count: 65_536), "longer"),
        (String(repeating: "/", count: 200), "levels"),
    ])
    func aTopicInTheConfigurationIsHeldToMore(topic: String, hint: String) {
        #expect(TopicName.fault(in: topic)?.contains(hint) == true)
    }

    @Test(arguments: ["a", "wsbridge/site-12", "$aws/things/x", String(repeating: "/", count: 199)])
    func nothingIsWrongWithOrdinaryTopics(topic: String) {
        #expect(TopicName.fault(in: topic) == nil)
    }
}
