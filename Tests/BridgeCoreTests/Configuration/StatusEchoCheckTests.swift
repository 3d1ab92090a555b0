import Testing

/// Routes from MQTT that read what the gateway itself publishes.
struct StatusEchoCheckTests {
    private func lines(_ filter: String, version: String = "3.1.1", from: String = "local", _ rest: String) -> [String]
    {
        Transcript().lines(
            """
            instance: site
            connections: { cloud: { url: wss://a.b } }
            mqtt:
              local: { url: mqtt://127.0.0.1, protocol_version: "\(version)" }
              twin: { url: mqtt://localhost }
              far: { url: mqtt://10.0.0.1, protocol_version: "3.1.1" }
            status: { mqtt: local }
            routes:
              r: { from: { mqtt: \(from), topic: '\(filter)' }, \(rest) }
            """
        )
    }

    private func warning(_ filter: String) -> [String] {
        [
            "9:14: warning: the filter '\(filter)' also matches this gateway's status topics below wsbridge/site: "
                + "narrow the filter, or write allow_echo: true"
        ]
    }

    private let toPipe = "to: { fifo: /tmp/p }"

    @Test(arguments: ["#", "+/#", "wsbridge/#", "wsbridge/+/status", "$share/g/#"])
    func aWideFilterThatReadsStatusTopicsIsAWarning(filter: String) {
        #expect(lines(filter, toPipe) == warning(filter))
        #expect(lines(filter, "\(toPipe), allow_echo: true") == [])
    }

    @Test func whereTheBrokerKeepsOurOwnMessagesFromUsNothingIsSaid() {
        #expect(lines("#", version: "5", toPipe) == [])
        #expect(lines("#", from: "far", toPipe) == [])
    }

    @Test func noLocalHelpsNeitherASharedSubscriptionNorASecondClient() {
        #expect(lines("$share/g/#", version: "5", toPipe) == warning("$share/g/#"))
        #expect(lines("#", version: "5", from: "twin", toPipe) == warning("#"))
    }

    @Test(arguments: ["feed/#", "wsbridge/other/#", "$SYS/#", "wsbridge/site/+/state", "wsbridge/site/#"])
    func otherFiltersAndThoseThatNameTheBaseTopicAreFine(filter: String) {
        #expect(lines(filter, toPipe) == [])
    }

    @Test("S9: what a route sends comes back to it as last_sent", arguments: ["#", "wsbridge/site/+/last_sent"])
    func s9LastSent(filter: String) {
        let error =
            "9:14: route r leads back into its own source: what it sends is published at wsbridge/site/cloud/last_sent, "
            + "which its filter '\(filter)' matches; narrow the filter, or write allow_echo: true"
        #expect(lines(filter, "to: cloud") == [error])
        #expect(lines(filter, "to: cloud, allow_echo: true") == [])
        #expect(lines(filter, version: "5", "to: cloud") == [])
        #expect(lines("wsbridge/site/+/state", "to: cloud") == [])
    }
}
