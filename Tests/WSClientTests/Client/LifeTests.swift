import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing

@_spi(Codec) @testable import WSClient

/// A client's life from `connect()` to the end: states and events in the order of what happened.
struct LifeTests {
    @Test func connectsEstablishesAndDelivers() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        #expect(harness.events == ["connecting"])
        #expect(harness.urls == ["ws://example.com/feed"])
        try harness.accept()
        #expect(harness.events == ["connected", "event connected"])
        #expect(harness.client.status.tcp && !harness.client.status.websocket)
        try harness.answerHandshake()
        #expect(harness.events == ["established", "event established"])
        #expect(harness.client.status.websocket)
        #expect(harness.client.status.attempts == 0)
        try harness.serve(texts: "one", "two")
        #expect(harness.events == ["received one|two"])
    }

    @Test func aFrameInTheHandshakesPacketIsDelivered() throws {
        let harness = try ClientHarness()
        var frames = ByteBuffer()
        var encoder = FrameEncoder(endpoint: .server)
        encoder.encode(WebSocketMessageBatch(text: "early"), into: &frames)
        harness.client.connect()
        try harness.accept()
        _ = harness.events
        try harness.answerHandshake(followedBy: frames)
        #expect(harness.events == ["established", "event established", "received early"])
    }

    @Test func whatIsSentFirstGoesBeforeEverythingElse() throws {
        let harness = try ClientHarness { $0.onEstablished = ["subscribe a", "subscribe b"] }
        for _ in 0..<2 {
            try harness.establish()
            #expect(try harness.sentFrames() == ["text subscribe a", "text subscribe b"])
            #expect(harness.client.send(text: "then"))
            #expect(try harness.sentFrames() == ["text then"])
            harness.client.disconnect()
            harness.drop()
        }
    }

    @Test func aRefusedConnectionBacksOffAndComesAgain() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        harness.refuse(IOError(errnoCode: 111, reason: "connect"))
        #expect(harness.events == ["connecting", "backoff"])
        let status = harness.client.status
        #expect(status.reason == "connection refused by example.com:80")
        #expect(status.closeCode == nil)
        #expect(status.attempts == 1)
        let next = try #require(status.nextAttempt)
        #expect(next <= harness.loop.now + .seconds(1))
        harness.advance(by: .seconds(1))
        #expect(harness.events == ["connecting"])
        #expect(harness.client.status.attempts == 2)
        #expect(harness.client.status.reason == "connection refused by example.com:80")
        #expect(harness.client.status.nextAttempt == nil)
    }

    @Test func aLostConnectionIs1006AndComesAgain() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.drop()
        #expect(
            harness.events == [
                "backoff", "event disconnected 1006 true server ended the connection without a close frame",
            ]
        )
        #expect(harness.client.status.closeCode == .abnormalClosure)
        harness.advance(by: .seconds(1))
        try harness.accept()
        try harness.answerHandshake()
        #expect(harness.events == ["connecting", "connected", "event connected", "established", "event established"])
        #expect(harness.client.status.closeCode == nil)
        #expect(harness.client.status.reason == nil)
    }

    @Test func theServersCloseIsAnsweredAndTold() throws {
        let harness = try ClientHarness()
        try harness.establish()
        try harness.serve { encoder, buffer in
            encoder.encode(WebSocketMessageBatch(text: "last"), into: &buffer)
            encoder.encodeClose(CloseFrame(code: .goingAway, reason: "bye"), into: &buffer)
        }
        #expect(try harness.sentFrames() == ["close 1001"])
        #expect(harness.events == ["received last"])
        harness.drop()
        #expect(
            harness.events == [
                "backoff", "event disconnected 1001 true server closed the connection: 1001 (going away), \"bye\"",
            ]
        )
    }

    @Test func aServerThatClosesAndLeavesTCPOpenIsLeft() throws {
        let harness = try ClientHarness()
        try harness.establish()
        try harness.serve { $0.encodeClose(CloseFrame(code: .normalClosure), into: &$1) }
        harness.advance(by: .seconds(1))
        #expect(
            harness.events == [
                "backoff", "event disconnected 1000 true server closed the connection: 1000 (normal closure)",
            ]
        )
    }

    @Test func disconnectClosesWith1000AndHolds() throws {
        let harness = try ClientHarness()
        try harness.establish()
        harness.client.disconnect()
        #expect(try harness.sentFrames() == ["close 1000"])
        #expect(!harness.client.isWritable)
        #expect(!harness.client.send(text: "late"))
        try harness.serve(texts: "still on its way")
        try harness.serve { $0.encodeClose(CloseFrame(code: .normalClosure), into: &$1) }
        harness.drop()
        #expect(
            harness.events == [
                "received still on its way", "disconnected",
                "event disconnected 1000 true disconnected by command",
            ]
        )
        harness.advance(by: .hours(10))
        #expect(harness.events == [])
        #expect(harness.urls.count == 1)
        harness.client.connect()
        #expect(harness.events == ["connecting"])
    }

    @Test func aServerThatNeverAnswersTheCloseIsLeftInTime() throws {
        let harness = try ClientHarness { $0.closeTimeout = .seconds(3) }
        try harness.establish()
        harness.client.disconnect()
        harness.advance(by: .milliseconds(2999))
        #expect(harness.events == [])
        harness.advance(by: .milliseconds(1))
        #expect(harness.events == ["disconnected", "event disconnected 1000 true disconnected by command"])
    }

    @Test func disconnectEndsAnAttempt() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        harness.client.disconnect()
        #expect(harness.events == ["connecting", "disconnected"])
        try harness.accept()
        #expect(!harness.channel.isActive, "a connection that comes too late is closed")
        #expect(harness.events == [])

        harness.client.connect()
        try harness.accept()
        harness.client.disconnect()
        #expect(
            harness.events == [
                "connecting", "connected", "event connected", "disconnected",
                "event disconnected - false disconnected by command",
            ]
        )
    }

    @Test func disconnectEndsTheWaiting() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        harness.refuse(IOError(errnoCode: 111, reason: "connect"))
        harness.client.disconnect()
        #expect(harness.events == ["connecting", "backoff", "disconnected"])
        harness.advance(by: .hours(1))
        #expect(harness.events == [])
    }

    @Test func shutdownClosesWith1001AndCompletes() throws {
        let harness = try ClientHarness()
        try harness.establish()
        var completions = 0
        harness.client.shutdown { completions += 1 }
        #expect(try harness.sentFrames() == ["close 1001"])
        #expect(completions == 0)
        harness.advance(by: .seconds(5))
        #expect(completions == 1)
        harness.client.connect()
        harness.client.shutdown { completions += 1 }
        #expect(completions == 2)
        #expect(harness.urls.count == 1, "nothing connects after a shutdown")
    }

    @Test func withoutAutoReconnectAFailureIsTheEnd() throws {
        let harness = try ClientHarness { $0.autoReconnect = false }
        try harness.establish()
        harness.drop()
        #expect(harness.events.first == "disconnected")
        harness.advance(by: .hours(1))
        #expect(harness.events == [])
    }

    @Test func anAttemptHasOneDeadlineForEverything() throws {
        let harness = try ClientHarness { $0.connectTimeout = .seconds(10) }
        harness.client.connect()
        harness.advance(by: .seconds(10))
        #expect(harness.client.status.reason == "no connection to example.com:80 within 10 s")
        harness.advance(by: .seconds(1))
        try harness.accept()
        try harness.accept()
        harness.advance(by: .seconds(10))
        #expect(
            harness.client.status.reason
                == "no answer to the WebSocket handshake from example.com:80 within 10 s"
        )
    }

    @Test("S3: a handshake that drips in misses the deadline") func drip() throws {
        let harness = try ClientHarness { $0.connectTimeout = .seconds(10) }
        harness.client.connect()
        try harness.accept()
        for byte in "HTTP/1.1 1" {
            try harness.receive(String(byte))
            harness.advance(by: .seconds(1))
        }
        #expect(harness.client.status.state == .backoff)
        #expect(!harness.channel.isActive)
    }

    @Test("S3: one interim answer after another is refused") func interimAnswers() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        try harness.accept()
        try harness.receive(String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 5))
        #expect(harness.client.status.state == .connected)
        try harness.receive("HTTP/1.1 103 Early Hints\r\n\r\n")
        #expect(harness.client.status.reason == "server sends one interim answer (1xx) after another")
    }

    @Test func aServerThatClosesDuringTheHandshakeIsTold() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        try harness.accept()
        harness.drop()
        #expect(
            harness.events.last
                == "event disconnected - false server closed the connection during the WebSocket handshake"
        )
    }

    @Test func refusedCredentialsAreAFaultTheSecondTime() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        for state in [WebSocketClientStatus.State.backoff, .fault] {
            try harness.accept()
            try harness.receive("HTTP/1.1 401 Unauthorized\r\n\r\n")
            #expect(harness.client.status.state == state)
            #expect(harness.client.status.reason == "server answered 401 Unauthorized; look at the token or password")
            harness.advance(by: .seconds(1))
        }
        harness.client.connect(bearerToken: "fresh")
        try harness.accept()
        #expect(try harness.sent().contains("\r\nAuthorization: Bearer fresh\r\n"))
    }

    @Test func headersAreEvaluatedAtEachAttempt() throws {
        let count = Counter()
        let harness = try ClientHarness { $0.requestHeaders = { [("X-Attempt", "\(count.next())")] } }
        for attempt in 1...3 {
            harness.client.connect()
            try harness.accept()
            #expect(try harness.sent().contains("\r\nX-Attempt: \(attempt)\r\n"))
            harness.client.disconnect()
        }
    }

    @Test("S1: each attempt has a key of its own, and the wrong accept is refused") func keys() throws {
        let harness = try ClientHarness()
        var keys: Set<Substring> = []
        for _ in 0..<20 {
            harness.client.connect()
            try harness.accept()
            keys.formUnion(try harness.sent().split(separator: "\r\n").filter { $0.hasPrefix("Sec-WebSocket-Key: ") })
            try harness.receive(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
            )
            #expect(harness.client.status.state == .backoff)
            #expect(
                harness.client.status.reason
                    == "server's Sec-WebSocket-Accept doesn't match: it may be no WebSocket server"
            )
        }
        #expect(keys.count == 20)
    }

    @Test func headersThatCantBeHadAreAFault() throws {
        struct Missing: Error, CustomStringConvertible {
            let description = "can't read the token file /run/token: no such file"
        }
        let harness = try ClientHarness { $0.requestHeaders = { throw Missing() } }
        harness.client.connect()
        #expect(harness.events == ["connecting", "fault"])
        #expect(harness.client.status.reason == "can't read the token file /run/token: no such file")
        #expect(harness.urls.isEmpty)
    }

    @Test("S6: a header that can't be sent is a fault, and nothing is sent") func badHeader() throws {
        let harness = try ClientHarness { $0.requestHeaders = { [("X-Site", "a\r\nHost: evil")] } }
        harness.client.connect()
        #expect(harness.events == ["connecting", "fault"])
        #expect(harness.urls.isEmpty)
        #expect(
            harness.client.status.reason
                == "the value of the header X-Site holds a line break or another control character"
        )
    }

    @Test func anotherTokenReplacesAnEstablishedConnection() throws {
        let harness = try ClientHarness { $0.requestHeaders = { [("Authorization", "Bearer first")] } }
        try harness.establish()
        harness.client.connect()
        harness.client.connect(bearerToken: "first")
        #expect(harness.events == [], "the same token changes nothing")
        harness.client.connect(bearerToken: "second")
        #expect(try harness.sentFrames() == ["close 1000"])
        harness.drop()
        #expect(
            harness.events == [
                "connecting", "event disconnected 1000 true reconnecting with another bearer token",
            ]
        )
        try harness.accept()
        #expect(try harness.sent().contains("\r\nAuthorization: Bearer second\r\n"))
    }

    @Test func redirectsAreFollowedWithoutCredentialsToAnotherHost() throws {
        let harness = try ClientHarness {
            $0.followRedirects = 3
            $0.requestHeaders = { [("Authorization", "Bearer x"), ("X-Site", "12")] }
        }
        harness.client.connect()
        try harness.accept()
        try harness.receive("HTTP/1.1 302 Found\r\nLocation: http://other.example/x\r\n\r\n")
        try harness.accept()
        let request = try harness.sent()
        #expect(request.hasPrefix("GET /x HTTP/1.1\r\nHost: other.example\r\n"))
        #expect(request.contains("X-Site: 12") && !request.contains("Authorization"))
        #expect(harness.urls == ["ws://example.com/feed", "ws://other.example/x"])
        #expect(
            harness.events == [
                "connecting", "connected", "event connected", "connecting",
                "event disconnected - false redirected to ws://other.example/x", "connected", "event connected",
            ]
        )
        #expect(harness.client.status.attempts == 1)
    }

    @Test func redirectsAreAFaultUnlessAllowed() throws {
        let harness = try ClientHarness()
        harness.client.connect()
        try harness.accept()
        try harness.receive("HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n")
        #expect(harness.client.status.state == .fault)
        #expect(
            harness.client.status.reason == "server redirects to ws://example.com/x, but redirects are not followed"
        )
    }
}

/// Counts across threads.
final class Counter: Sendable {
    private let count = NIOLockedValueBox(0)

    func next() -> Int {
        count.withLockedValue { count in
            count += 1
            return count
        }
    }
}
