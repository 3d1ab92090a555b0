import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// Requests over MQTT 5 that the WebSocket server itself answers: `reply_to`.
struct ReplyTests {
    /// A site with a route `ask` into the connection, with these keys in its `reply_to`.
    private func withAskingSite(
        _ script: TestWebSocketServer.Script = .init(),
        reply keys: String = "",
        connection: String = "",
        routes: String = "",
        _ body: (Site) async throws -> Void
    ) async throws {
        try await withSite(
            script,
            yaml: { parts in
                parts.standard(connection: connection, broker: "response_topics: [ 'replies/#' ]") + """
                    routes:
                      ask:
                        from: { mqtt: local, topic: feed/ask, qos: 1 }
                        to: cloud
                        reply_to: { \(keys) }
                    \(routes.indented(2))

                    """
            },
            { site in
                try await site.event("established")
                try await body(site)
            }
        )
    }

    private func ask(_ site: Site, _ correlation: String, _ text: String) async throws {
        try await site.mqtt.request("feed/ask", text, answerTo: "replies/me", correlation: correlation)
    }

    private func answers(_ site: Site) -> [MQTTMessage] { site.mqtt.messages.filter { $0.topic == "replies/me" } }

    /// Waits for the answer to the request with this correlation.
    private func answer(_ site: Site, _ correlation: String) async throws -> MQTTMessage {
        try await site.mqtt.message(on: "replies/me") { $0.correlation == Array(correlation.utf8) }
    }

    private func kind(_ message: MQTTMessage) -> String? {
        message.userProperties.first { $0.name == "wsbridge-answer" }?.value
    }

    @Test func theServersReplyIsTheAnswer() async throws {
        let script = TestWebSocketServer.Script(answers: { text in
            text == "binary?"
                ? [.text("noise"), .binary([0x72, 0x65, 0, 0xff])] : [.text("noise"), .text("re: \(text)")]
        })
        let feed = "out: { from: cloud, to: { mqtt: local, topic: feed/out } }"
        try await withAskingSite(script, reply: "match: { prefix: re }", routes: feed) { site in
            try await ask(site, "1", "how?")
            let text = try await answer(site, "1")
            #expect(text.text == "re: how?" && text.isDeclaredText && !text.isRetained && text.qos == 1)
            #expect(kind(text) == "reply")
            try await ask(site, "2", "binary?")
            let binary = try await answer(site, "2")
            #expect(binary.payload == [0x72, 0x65, 0, 0xff] && !binary.isDeclaredText && kind(binary) == "reply")
            // Routes see everything all the same.
            try await eventually("the feed") { site.count(on: "feed/out") == 4 }
            // Whoever doesn't ask isn't answered, and what is sent by command is not for this route.
            try await site.mqtt.publish("feed/ask", "no request")
            let command = "\(Site.base)/cloud/command/send"
            try await site.mqtt.request(command, "command", answerTo: "replies/me", correlation: "3")
            let sent = try await answer(site, "3")
            #expect(sent.text == "sent" && kind(sent) == "sent")
            try await eventually("all answers of the server") { site.count(on: "feed/out") == 8 }
            let stats = try await site.stopAndTakeStats()
            #expect(answers(site).count == 3)
            #expect(stats.routes["ask"]?.replies == Stats.Replies(open: 0, replied: 2, unanswered: [:]))
            #expect(try stats.sink("ask").delivered == 3)
        }
    }

    @Test func aServerThatAnswersAtOnceIsHeardEachTime() async throws {
        try await withAskingSite(.init(answers: { [.text("re: \($0)")] })) { site in
            for number in 0..<100 {
                try await ask(site, "\(number)", "\(number)")
                #expect(try await answer(site, "\(number)").text == "re: \(number)")
            }
            // And all at once.
            for number in 100..<300 { try await ask(site, "\(number)", "\(number)") }
            try await eventually("all answers") { answers(site).count == 300 }
            for message in answers(site) {
                #expect(message.text == "re: " + String(decoding: message.correlation ?? [], as: UTF8.self))
            }
            let stats = try await site.stopAndTakeStats()
            #expect(stats.routes["ask"]?.replies == Stats.Replies(open: 0, replied: 300, unanswered: [:]))
        }
    }

    /// A server may answer what the kernel has not taken whole yet, as the first of what is written together.
    @Test func aReplyMayComeBeforeItsRequestHasLeft() async throws {
        let padding = String(repeating: "x", count: 60_000)
        // A server that doesn't read answers no ping.
        try await withAskingSite(reply: "match: re, timeout: 1h", connection: "send_keep_alive: false") { site in
            try await site.server.pauseReading()
            // Less than the queue holds, more than any socket buffer.
            for number in 0..<250 { try await ask(site, "\(number)", "\(number) \(padding)") }
            var delivered = -1
            var open = -1
            try await site.gateway.status("nothing moves any more") {
                let last = (delivered, open)
                (delivered, open) = (
                    $0.routes["ask"]?.sinks.first?.delivered ?? -1, $0.routes["ask"]?.replies?.open ?? -1
                )
                return last == (delivered, open) && open > delivered && open < 250
            }
            #expect(answers(site).isEmpty)
            try await site.server.send((0..<open).map { .text("re: \($0)") })
            try await eventually("the first answers") { answers(site).count == open }
            try await site.server.resumeReading()
            try await site.server.waitForMessages(250)
            try await site.server.send((open..<250).map { .text("re: \($0)") })
            try await eventually("all answers") { answers(site).count == 250 }
            for message in answers(site) {
                #expect(message.text == "re: " + String(decoding: message.correlation ?? [], as: UTF8.self))
            }
            let stats = try await site.stopAndTakeStats()
            #expect(stats.routes["ask"]?.replies == Stats.Replies(open: 0, replied: 250, unanswered: [:]))
            #expect(try stats.sink("ask").delivered == 250)
        }
    }

    @Test func withoutAReplyTheRequesterIsToldInTime() async throws {
        try await withAskingSite(.init(answers: { [.text("\($0) is no reply")] }), reply: "match: yes, timeout: 200ms")
        {
            site in
            try await ask(site, "1", "what?")
            let message = try await answer(site, "1")
            #expect(message.text == "dropped: no_reply" && kind(message) == "dropped")
            try await site.gateway.status("it is counted beside the balance") {
                $0.routes["ask"]?.replies == Stats.Replies(open: 0, replied: 0, unanswered: ["no_reply": 1])
                    && $0.routes["ask"]?.sinks.first?.delivered == 1
            }
            _ = try await site.gateway.log.line(
                containing: "no reply to a request came within 200 ms; match took none of what came meanwhile, 1 in all"
            )
            _ = try await site.stopAndTakeStats()
        }
    }

    @Test func aLostConnectionEndsWhatWasAskedOverIt() async throws {
        try await withAskingSite(reply: "timeout: 1h") { site in
            try await ask(site, "1", "first")
            try await site.server.waitForMessages(1)
            await site.server.dropAll()
            #expect(try await answer(site, "1").text == "dropped: no_reply")
            // What waits meanwhile is asked over the next one.
            try await ask(site, "2", "second")
            try await site.server.waitForMessages(2)
            try await site.server.send("here I am")
            #expect(try await answer(site, "2").text == "here I am")
            try await ask(site, "3", "third")
            try await site.server.waitForMessages(3)
            let stats = try await site.stopAndTakeStats()
            #expect(try await answer(site, "3").text == "dropped: shutdown")
            #expect(answers(site).count == 3)
            #expect(
                stats.routes["ask"]?.replies
                    == Stats.Replies(open: 0, replied: 1, unanswered: ["no_reply": 1, "shutdown": 1])
            )
        }
    }

    @Test func aboveTheLimitTheyAreToldAtOnce() async throws {
        try await withAskingSite(reply: "timeout: 1h") { site in
            for number in 0..<1034 { try await ask(site, "\(number)", "\(number)") }
            try await site.server.waitForMessages(1034)
            for number in 1024..<1034 {
                #expect(try await answer(site, "\(number)").text == "dropped: too_many_requests")
            }
            #expect(answers(site).count == 10)
            // The server answers them all, in its order.
            try await site.server.send((0..<1034).map { .text("\($0)") })
            try await eventually("all answers") { answers(site).count == 1034 }
            for message in answers(site).dropFirst(10) {
                #expect(message.text == String(decoding: message.correlation ?? [], as: UTF8.self))
            }
            try await ask(site, "next", "next")
            try await site.server.waitForMessages(1035)
            try await site.server.send("the next one's")
            #expect(try await answer(site, "next").text == "the next one's")
            let stats = try await site.stopAndTakeStats()
            #expect(
                stats.routes["ask"]?.replies
                    == Stats.Replies(open: 0, replied: 1025, unanswered: ["too_many_requests": 10])
            )
        }
    }

    /// Whoever was asked over the connection that is being replaced answers there, and nobody else's request.
    @Test func aRenewedConnectionStillBringsItsReplies() async throws {
        // The next token is there once the first requests are asked.
        let isNextThere = NIOLockedValueBox(false)
        let answers = { @Sendable (number: Int, _: TestTokenServer.Request) -> TestTokenServer.Answer in
            guard number > 1 else { return .token("t1", expiresIn: 3600) }
            return isNextThere.withLockedValue { $0 } ? .token("t\(number)", expiresIn: 7200) : .status(503)
        }
        try await withTokenServer(answering: answers) { tokens in
            let credentials = """
                renew_before: 3599s
                oauth2: { token_url: "http://127.0.0.1:\(tokens.port)/token", client_id: a, client_secret: s3cret-s3cret }
                """
            let script = TestWebSocketServer.Script(answersClose: false)
            try await withAskingSite(script, reply: "timeout: 1h", connection: credentials) { site in
                try await ask(site, "1", "before")
                try await ask(site, "2", "before as well")
                isNextThere.withLockedValue { $0 = true }
                try await eventually("the renewal") { try site.events().contains { $0.isRenewed } }
                // Within the five seconds that its close handshake may take.
                try await site.server.clients[0].send([.text("to before")])
                #expect(try await answer(site, "1").text == "to before")
                try await ask(site, "3", "after")
                try await site.server.waitForMessages(3)
                #expect(site.server.messages.map(\.client) == [0, 0, 1])
                try await site.server.clients[1].send([.text("to after")])
                #expect(try await answer(site, "3").text == "to after")
                try? await site.server.clients[0].send([.endTCP])
                #expect(try await answer(site, "2").text == "dropped: no_reply")
                _ = try await site.stopAndTakeStats()
            }
        }
    }
}
