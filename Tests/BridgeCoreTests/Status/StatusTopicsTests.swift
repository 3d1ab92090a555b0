import BridgeCore
import Testing

struct StatusTopicsTests {
    private let topics = StatusTopics(base: "wsbridge/site-12")

    @Test func namesTheTopicsBelowTheBase() {
        #expect(topics.status == "wsbridge/site-12/status")
        #expect(topics.state(of: "cloud") == "wsbridge/site-12/cloud/state")
        #expect(topics.event(.established, of: "cloud") == "wsbridge/site-12/cloud/event/established")
    }

    @Test func findsTheConnectionAndTheWordOfACommand() {
        let command = topics.command(in: "wsbridge/site-12/cloud/command/send")
        #expect(command?.connection == "cloud")
        #expect(command?.word == "send")
    }

    @Test(arguments: [
        "wsbridge/site-12/cloud/state", "wsbridge/site-12/cloud/command", "other/site-12/cloud/command/send",
        "wsbridge/site-12/a/b/command/send", "wsbridge/site-12",
    ])
    func otherTopicsAreNoCommands(topic: String) {
        #expect(topics.command(in: topic) == nil)
    }
}

struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
        (951_782_400_007, "2000-02-29T00:00:00.007Z"),
    ])
    func isWrittenAsRFC3339WithMilliseconds(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }
}
