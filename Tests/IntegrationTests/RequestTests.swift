import Foundation
import TestSupport
import Testing

/// Requests over MQTT 5: their senders hear what became of them.
struct RequestTests {
    private func withAnsweringSite(_ body: (Site) async throws -> Void) async throws {
        try await withSite(
            yaml: { parts in
                parts.standard(broker: "response_topics: [ 'replies/#' ]") + """
                    routes: { in: { from: { mqtt: local, topic: feed/send, qos: 1 }, to: cloud } }

                    """
            },
            { site in
                try await site.event("established")
                try await body(site)
            }
        )
    }

    private func answer(_ site: Site, _ correlation: String, _ text: String) async throws {
        let message = try await site.mqtt.message(on: "replies/me") {
            $0.correlation == Array(correlation.utf8) && $0.text == text
        }
        #expect(!message.isRetained && message.qos == 1)
    }

    @Test func aCommandAndARouteAnswer() async throws {
        try await withAnsweringSite { site in
            let send = "\(Site.base)/cloud/command/send"
            try await site.mqtt.request(send, "by command", answerTo: "replies/me", correlation: "1")
            try await answer(site, "1", "sent")
            try await site.mqtt.request("feed/send", "by route", answerTo: "replies/me", correlation: "2")
            try await answer(site, "2", "sent")

            try await site.command("disconnect")
            try await site.event("disconnected")
            try await site.mqtt.request(send, "too late", answerTo: "replies/me", correlation: "3")
            try await answer(site, "3", "dropped: not_established")
            try await site.mqtt.request("feed/send", "in time", answerTo: "replies/me", correlation: "4")
            try await answer(site, "4", "queued")
            try await site.command("connect")
            try await answer(site, "4", "sent")
            try await site.server.waitForMessages(3)
            #expect(site.server.texts == ["by command", "by route", "in time"])
            _ = try await site.stopAndTakeStats()
        }
    }

    @Test("S9: a stranger can't make the gateway publish where it likes")
    func s9AnswersGoNowhereElse() async throws {
        try await withAnsweringSite { site in
            for topic in ["alarm/siren", "\(Site.base)/status", "replied/me"] {
                try await site.mqtt.request("feed/send", topic, answerTo: topic)
                try await site.mqtt.request("\(Site.base)/cloud/command/send", topic, answerTo: topic)
            }
            // What is asked for is done all the same.
            try await site.server.waitForMessages(6)
            try await site.gateway.status("they are counted") {
                $0.brokers["local"]?.rejected["response_refused"] == 6
            }
            // An allowed one comes after all that could have come.
            try await site.mqtt.request("feed/send", "last", answerTo: "replies/me", correlation: "last")
            try await answer(site, "last", "sent")
            #expect(site.count(on: "alarm/siren") == 0)
        }
    }

    /// The message, whom to tell and with which correlation data: all of it is on disk.
    @Test(arguments: [true, false])
    func whoAskedIsToldOverARestart(isKilled: Bool) async throws {
        try await withMosquittoBroker { broker in
            try await withMQTTRecorder(of: broker, "replies/#") { mqtt in
                try await withWebSocketServer { server in
                    try await withTemporaryDirectory { directory in
                        let parts = Site.Parts(broker: broker, server: server, directory: directory)
                        let yaml =
                            "state_dir: \(parts.path("state"))\n"
                            + parts.standard(broker: "response_topics: [ 'replies/#' ]") + """
                                routes:
                                  in: { from: { mqtt: local, topic: feed/send, qos: 1 }, to: cloud, queue: { store: always } }

                                """
                        try await withGateway(yaml, in: directory) { gateway in
                            try await server.waitForEstablished()
                            #expect(try await gateway.command("disconnect", "cloud").status == .exited(0))
                            for number in 0..<5 {
                                try await mqtt.request(
                                    "feed/send",
                                    "message \(number)",
                                    answerTo: "replies/me",
                                    correlation: "\(number)"
                                )
                            }
                            // Acknowledged: they are on disk.
                            try await eventually("they wait") {
                                mqtt.messages.filter { $0.text == "queued" }.count == 5
                            }
                            if isKilled {
                                gateway.process.send(SIGKILL)
                                _ = try await gateway.process.waitForExit()
                            } else {
                                try await gateway.stop()
                            }
                        }
                        try await withGateway(yaml, in: directory) { gateway in
                            try await eventually("each is told") {
                                mqtt.messages.filter { $0.text == "sent" }.count == 5
                            }
                            let answers = mqtt.messages.map {
                                "\($0.text) \(String(decoding: $0.correlation ?? [], as: UTF8.self))"
                            }
                            #expect(answers == (0..<5).map { "queued \($0)" } + (0..<5).map { "sent \($0)" })
                            try await server.waitForMessages(5)
                            #expect(server.texts == (0..<5).map { "message \($0)" })
                            try await gateway.status("all is delivered") {
                                $0.routes["in"]?.sinks[0].delivered == 5
                            }.expectBalance()
                            try await gateway.stop()
                        }
                    }
                }
            }
        }
    }
}
