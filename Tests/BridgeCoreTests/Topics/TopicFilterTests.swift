import Testing

@testable import BridgeCore

struct TopicFilterTests {
    @Test(
        "MQTT 4.7: what a filter matches",
        arguments: [
            // 4.7.1.2
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/tennis/player1/#", "sport/tennis/player2", false),
            ("sport/tennis/player1/#", "sport/tennis/player10", false),
            ("sport/#", "sport", true),
            ("sport/#", "sports", false),
            ("#", "sport/tennis", true),
            ("#", "/", true),
            // 4.7.1.3
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+", "sport", true),
            ("+", "/finance", false),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+/tennis/#", "sport/tennis/a/b", true),
            ("sport/+/player1", "sport/tennis/player1", true),
            ("sport/+/player1", "sport//player1", true),
            ("sport/+/player1", "sport/a/b/player1", false),
            // 4.7.2
            ("#", "$SYS/broker", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/#", "$SYS/broker/load", true),
            ("$SYS/#", "$SYS", true),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
            ("a/+", "a/$b", true),
            // 4.7.3
            ("ACCOUNTS", "Accounts", false),
            ("finance", "/finance", false),
            ("/", "/", true),
            ("a//b", "a//b", true),
            ("a//b", "a/b", false),
            ("größe/+", "größe/1", true),
            // 4.8.2
            ("$share/group/feed/+", "feed/1", true),
            ("$share/group/feed/+", "$share/group/feed/1", false),
            ("$share/group/#", "$SYS/broker", false),
        ]
    )
    func matches(filter: String, topic: String, isMatch: Bool) throws {
        let filter = try TopicFilter(filter)
        #expect(Array(topic.utf8).withUnsafeBytes { filter.matches($0) } == isMatch)
    }

    @Test(
        "MQTT 4.7: what no filter is",
        arguments: [
            ("", "empty"), ("sport/tennis#", "last level"), ("sport/tennis/#/ranking", "last level"),
            ("##", "last level"),
            ("sport+", "a/+/b"), ("+a/b", "a/+/b"), ("a\u{0}b", "NUL"), ("$share/group", "$share/GROUP/FILTER"),
            ("$share//a", "$share/GROUP/FILTER"), ("$share/g+/a", "$share/GROUP/FILTER"), ("$share/g/", "empty"),
            (String(repeating: "a", count: 65_536), "longer"), ("a\u{1}b", "control character"),
            ("a\u{FFFF}", "reserves"), (String(repeating: "a/", count: 200), "levels"),
        ]
    )
    func refuses(text: String, hint: String) {
        let error = #expect(throws: TopicFilterError.self) { try TopicFilter(text) }
        #expect(error?.reason.contains(hint) == true, "\(error?.reason ?? "no error")")
    }

    @Test(arguments: [
        ("a/b", "a/b", true), ("a/b", "a/c", false), ("a/+", "a/b", true), ("a/+", "+/b", true), ("a/+", "b/+", false),
        ("a/#", "a", true), ("a/#", "a/b/c", true), ("a/#", "+/+/c", true), ("a/#", "b/#", false), ("#", "a", true),
        ("+", "a/b", false), ("a/b/c", "a/b", false), ("a/b/#", "a/b", true), ("#", "$SYS/a", false),
        ("+/a", "$SYS/a", false), ("$SYS/#", "$SYS/a", true), ("#", "+", true), ("$share/g/a/#", "a/b", true),
    ])
    func overlapsWhereOneTopicMatchesBoth(one: String, other: String, expected: Bool) throws {
        #expect(try TopicFilter(one).overlaps(with: TopicFilter(other)) == expected)
        #expect(try TopicFilter(other).overlaps(with: TopicFilter(one)) == expected)
    }

    @Test func aSharedSubscriptionKeepsItsGroup() throws {
        #expect(try TopicFilter("$share/site/feed/#").shareName == "site")
        #expect(try TopicFilter("feed/#").shareName == nil)
    }
}
