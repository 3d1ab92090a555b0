import NIOCore
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// What a client writes to its log, and what never stands there.
struct ClientLogTests {
    @Test func logCommsShowsEachMessageByOpcodeAndLength() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.client.logComms = true
        let before = harness.log.lines.count
        try harness.serve { encoder, buffer in
            encoder.encode(WebSocketMessageBatch(text: "{\"a\":1}"), into: &buffer)
            encoder.encode(WebSocketMessageBatch(ByteBuffer(bytes: [1, 2]), kind: .binary), into: &buffer)
            encoder.encodePing(ByteBuffer(string: "p"), into: &buffer)
        }
        _ = harness.client.send(text: "")
        harness.client.disconnect()
        #expect(
            harness.log.lines.dropFirst(before) == [
                "info received text, 7 bytes: {\"a\":1}", "info received binary, 2 bytes: 0102",
                "info received ping, 1 byte: p", "info sent pong, 1 byte: p", "info sent text, 0 bytes",
                "info closing: disconnected by command", "info sent close, 1000 (normal closure)",
            ]
        )
    }

    @Test func logCommsShowsOnlyLengthsWhileASecretIsOnItsWay() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.client.logComms = true
        harness.client.concealsReceived = true
        try harness.serve(texts: "the-canary")
        harness.client.concealsReceived = false
        try harness.serve(texts: "shown")
        #expect(
            harness.log.lines.suffix(2) == [
                "info received text, 10 bytes (hidden)", "info received text, 5 bytes: shown",
            ]
        )
    }

    @Test func aServerThatEndsEachConnectionAfterAPingIsSaidOnceWithTheKey() throws {
        let harness = try ClientHarness {
            $0.keepAlive = .init(interval: .seconds(20), timeout: .seconds(10))
            $0.reconnect = .init(initialDelay: .milliseconds(1), maxDelay: .milliseconds(1))
        }
        try harness.establish()
        for round in 1...4 {
            harness.advance(by: .seconds(20))
            harness.drop()
            #expect(harness.log.contains("send_keep_alive: false") == (round >= 3), "round \(round)")
            harness.advance(by: .milliseconds(10))
            try harness.accept()
            try harness.answerHandshake()
        }
        #expect(harness.log.lines.count { $0.contains("send_keep_alive: false") } == 1)
    }

    @Test func logCommsOffShowsNone() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.client.logComms = true
        harness.client.logComms = false
        let before = harness.log.lines.count
        try harness.serve(texts: "x")
        _ = harness.client.send(text: "y")
        #expect(harness.log.lines.count == before)
    }

    @Test func extendedLoggingTellsMore() throws {
        let plain = try ClientHarness()
        try plain.establish()
        #expect(plain.log.lines.filter { $0.hasPrefix("info") } == ["info established"])

        let extended = try ClientHarness()
        extended.client.extendedLogging = true
        try extended.establish(headers: "")
        extended.advance(by: .seconds(20))
        #expect(
            extended.log.lines.filter { $0.hasPrefix("info") } == [
                "info connecting to ws://example.com/feed", "info TCP connected to 192.0.2.1:80",
                "info established", "info ping 1 sent",
            ]
        )
    }

    @Test func anEndIsAWarningAndAFaultAnError() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        harness.refuse(ChannelError.connectTimeout(.seconds(1)))
        let warning = try #require(harness.log.lines.last)
        #expect(warning.hasPrefix("warning no connection to example.com:80 in time; next attempt in 0."))
        harness.client.connect()
        try harness.accept()
        try harness.receive("HTTP/1.1 404 Not Found\r\n\r\n")
        let error = try #require(harness.log.lines.last)
        #expect(error.hasPrefix("error server answered 404 Not Found; look at the URL's path; next attempt in "))
        #expect(error.hasSuffix(" s, or on a connect command"))
    }

    @Test("S7: credentials stand in no log line and no status, whatever is switched on") func redaction() throws {
        let harness = try ClientHarness("ws://u:canary-password@example.com/feed?token=canary-query") {
            $0.requestHeaders = { [("Cookie", "session=canary-cookie")] }
            $0.secrets = ["canary-secret"]
            $0.onEstablished = ["{\"key\":\"canary-secret\"}"]
        }
        harness.client.extendedLogging = true
        harness.client.logComms = true
        harness.client.connect(bearerToken: "canary-token")
        try harness.accept()
        #expect(harness.client.status.state == .connected)
        try harness.answerHandshake()
        try harness.serve(texts: "you said canary-token and canary-secret")
        harness.drop()
        harness.client.connect(bearerToken: "canary\nbroken")
        #expect(harness.client.status.state == .fault)
        let told =
            harness.log.lines + harness.events + ["\(harness.client.status)", harness.client.status.reason ?? ""]
        let delivered = told.filter { $0.hasPrefix("received ") }
        #expect(told.filter { $0.contains("canary") } == delivered, "but for the message itself, to the delegate")
        #expect(told.contains("info received text, 39 bytes: you said (hidden) and (hidden)"))
    }

    @Test("S10: what a hostile server says makes one line, without control characters") func hostileServer() throws {
        let hostile = "x\r\nerror forged\u{1B}[2J"
        let harness = try ClientHarness()
        harness.client.connect()
        try harness.accept()
        try harness.receive("HTTP/1.1 599 x\u{1B}[2J\u{8}\r\n\r\n")
        harness.client.connect()
        try harness.accept()
        try harness.answerHandshake()
        harness.client.logComms = true
        try harness.serve { encoder, buffer in
            encoder.encode(WebSocketMessageBatch(text: hostile), into: &buffer)
            encoder.encodePing(ByteBuffer(string: hostile), into: &buffer)
            encoder.encodeClose(CloseFrame(code: .policyViolation, reason: hostile), into: &buffer)
        }
        harness.drop()
        let lines = harness.log.lines
        #expect(lines.contains { $0.contains("error forged") })
        for line in lines {
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(line)")
        }
    }
}
