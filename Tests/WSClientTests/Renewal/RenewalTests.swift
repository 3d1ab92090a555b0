import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// Make before break: both connections in one place, with their time in the test's hands.
struct RenewalTests {
    private final class Parts {
        let harness: ClientHarness
        let source: ScriptedCredentials
        var client: WebSocketClient { harness.client }

        init(_ change: (inout WebSocketClientConfiguration) -> Void = { _ in }) throws {
            harness = try ClientHarness {
                $0.renewBefore = .seconds(60)
                $0.keepAlive.isEnabled = false
                change(&$0)
            }
            source = ScriptedCredentials(harness.loop)
            client.credentialSource = source
            source.prepare("first", until: harness.loop.now + .seconds(3600))
            try harness.establish()
        }

        /// It is time, and the next connection has TCP.
        func renew(_ token: String = "second") throws {
            source.prepare(token, until: harness.loop.now + .seconds(7200))
            harness.advance(by: .seconds(3540))
            try harness.accept()
        }

        /// The frames sent on one of the connections, and not read yet.
        func frames(on index: Int) throws -> [String] {
            harness.loop.run()
            var decoder = MessageDecoder(endpoint: .server)
            var frames: [String] = []
            while let buffer = try harness.channels[index].readOutbound(as: ByteBuffer.self) {
                decoder.receive(buffer)
                while let event = decoder.next() {
                    switch event {
                    case .messages(let batch): frames += batch.messages.map { batch.text(of: $0) }
                    case .close(let frame): frames.append("close \(frame.code?.rawValue ?? 0)")
                    case .ping, .pong, .violation: frames.append("\(event)")
                    }
                }
            }
            return frames
        }

        func serve(_ text: String, on index: Int) throws {
            var encoder = FrameEncoder(endpoint: .server)
            var buffer = ByteBuffer()
            encoder.encode(WebSocketMessageBatch(text: text), into: &buffer)
            try harness.channels[index].writeInbound(buffer)
            harness.loop.run()
        }

        func answerClose(on index: Int) throws {
            var encoder = FrameEncoder(endpoint: .server)
            var buffer = ByteBuffer()
            encoder.encodeClose(CloseFrame(code: .normalClosure), into: &buffer)
            try harness.channels[index].writeInbound(buffer)
            harness.channels[index].close(promise: nil)
            harness.loop.run()
        }
    }

    @Test func theNextConnectionIsThereBeforeTheOldOneIsClosed() throws {
        let parts = try Parts { $0.onEstablished = ["hello"] }
        #expect(try parts.frames(on: 0) == ["hello"])
        #expect(parts.client.send(text: "over the first"))
        try parts.renew()
        #expect(parts.source.requests.map(\.isFresh) == [false, true])
        #expect(try parts.frames(on: 0) == ["over the first"], "not closed yet")
        let request = try parts.harness.sent()
        #expect(request.contains("\r\nAuthorization: Bearer second\r\n"))
        try parts.harness.channels[1].writeInbound(ByteBuffer(string: Self.answer(to: request)))
        parts.harness.loop.run()
        #expect(try parts.frames(on: 0) == ["close 1000"])
        #expect(parts.client.send(text: "over the second"))
        #expect(try parts.frames(on: 1) == ["hello", "over the second"])
        #expect(parts.harness.events == ["renewed 60 s", "writable"], "one connection, all the time")

        try parts.serve("from the old", on: 0)
        try parts.serve("from the new", on: 1)
        try parts.answerClose(on: 0)
        #expect(parts.harness.events == ["received from the old", "received from the new"])
        #expect(parts.client.status.state == .established)
        #expect(parts.client.retiring == nil)
        parts.harness.drop()
        #expect(parts.harness.events.contains { $0.hasPrefix("event disconnected 1006 true") })
    }

    @Test func theChangeWaitsForWhatTheOldOneWasGiven() throws {
        let parts = try Parts()
        try parts.renew()
        let request = try parts.harness.sent()
        parts.harness.channels[1].closeFuture.whenComplete { _ in }
        // What is sent in the same turn as the takeover's is still on its way when that is to happen.
        try parts.harness.channels[1].writeInbound(ByteBuffer(string: Self.answer(to: request)))
        #expect(parts.client.send(text: "on its way"))
        #expect(parts.client.connection?.isDrained == false)
        parts.harness.loop.run()
        #expect(try parts.frames(on: 0) == ["on its way", "close 1000"])
        #expect(try parts.frames(on: 1) == [])
        #expect(parts.client.outboundPosition == 0)
    }

    @Test func theOwnerHoldsTheGate() throws {
        let parts = try Parts()
        var successor: WebSocketSuccessor?
        parts.harness.recorder.onPrepare = { successor = $0 }
        try parts.renew()
        try parts.harness.answerHandshake()
        let waiting = try #require(successor)
        var heard: [String] = []
        waiting.received = { batch in heard += batch.messages.map { batch.text(of: $0) } }
        waiting.send(WebSocketMessageBatch(text: "log in"))
        #expect(try parts.frames(on: 1) == ["log in"])
        try parts.serve("welcome", on: 1)
        #expect(heard == ["welcome"])
        #expect(parts.client.send(text: "still the old one"))
        #expect(try parts.frames(on: 0) == ["still the old one"])
        #expect(parts.harness.events == [])
        waiting.becomeReady()
        parts.harness.loop.run()
        #expect(try parts.frames(on: 0) == ["close 1000"])
        try parts.serve("for all", on: 1)
        #expect(parts.harness.events == ["renewed 60 s", "writable", "received for all"])
        #expect(heard == ["welcome"])
    }

    @Test func aSuccessorThatIsGivenUpLeavesThePresentOne() throws {
        let parts = try Parts()
        parts.harness.recorder.onPrepare = { $0.giveUp(because: "the login failed") }
        try parts.renew()
        try parts.harness.answerHandshake()
        #expect(try parts.frames(on: 1) == ["close 1000"])
        #expect(parts.client.send(text: "x"))
        #expect(try parts.frames(on: 0) == ["x"])
        #expect(parts.harness.log.contains("can't be renewed yet: the login failed; next try in"))
    }

    @Test func aFailedAttemptIsRetriedWhileTheOldOneStays() throws {
        let parts = try Parts()
        try parts.renew()
        try parts.harness.receive("HTTP/1.1 503 Service Unavailable\r\n\r\n")
        #expect(parts.client.status.state == .established)
        #expect(parts.harness.events == [])
        parts.source.prepare("third", until: parts.harness.loop.now + .seconds(7200))
        parts.harness.advance(by: .seconds(1))
        try parts.harness.accept()
        try parts.harness.answerHandshake()
        #expect(parts.harness.events == ["renewed 59 s", "writable"])
        #expect(try parts.frames(on: 0) == ["close 1000"])
    }

    @Test func aTokenThatIsNotNewerIsWaitedFor() throws {
        let parts = try Parts()
        parts.source.prepare("the same", until: parts.harness.loop.now + .seconds(3600))
        parts.harness.advance(by: .seconds(3540))
        #expect(parts.harness.urls.count == 1)
        #expect(parts.harness.log.contains("there is no newer credential yet"))
        parts.source.prepare("newer", until: parts.harness.loop.now + .seconds(3600))
        parts.harness.advance(by: .seconds(1))
        #expect(parts.harness.urls.count == 2)
    }

    @Test func theOldOnesEndBeforeTheNewOneIsReadyIsAnOrdinaryLoss() throws {
        let parts = try Parts()
        try parts.renew()
        parts.harness.channels[0].close(promise: nil)
        parts.harness.loop.run()
        #expect(parts.client.status.state == .backoff)
        #expect(parts.client.renewal == nil)
        #expect(!parts.harness.channels[1].isActive, "the attempt is given up")
    }

    @Test func theOldOnesEndWhenTheNewOneIsReadyPutsThatInItsPlace() throws {
        let parts = try Parts()
        try parts.renew()
        let request = try parts.harness.sent()
        try parts.harness.channels[1].writeInbound(ByteBuffer(string: Self.answer(to: request)))
        parts.harness.channels[0].close(promise: nil)
        parts.harness.loop.run()
        #expect(
            parts.harness.events == [
                "connecting", "event disconnected 1006 true server ended the connection without a close frame",
                "connected", "event connected", "established", "event established",
            ]
        )
        #expect(parts.client.send(text: "x"))
        #expect(try parts.frames(on: 1) == ["x"])
    }

    @Test func aPauseHoldsBackTheOldOneTooAndLosesNothing() throws {
        let parts = try Parts()
        parts.client.pauseReading()
        try parts.renew()
        try parts.harness.answerHandshake()
        let unaskedPong = "pong(\(ByteBuffer()))"
        #expect(try parts.frames(on: 0).filter { $0 != unaskedPong } == ["close 1000"])
        try parts.serve("held", on: 0)
        parts.harness.advance(by: .seconds(600))
        #expect(parts.harness.events == ["renewed 60 s", "writable"])
        #expect(parts.harness.channels[0].isActive, "nobody can answer what we don't read")
        parts.client.resumeReading()
        try parts.answerClose(on: 0)
        #expect(parts.harness.events == ["received held"])
        #expect(parts.client.retiring == nil)
    }

    @Test func disconnectEndsBoth() throws {
        let parts = try Parts()
        try parts.renew()
        parts.client.disconnect()
        #expect(!parts.harness.channels[1].isActive)
        #expect(try parts.frames(on: 0) == ["close 1000"])
        parts.harness.channels[0].close(promise: nil)
        parts.harness.loop.run()
        #expect(parts.client.status.state == .disconnected)
        parts.harness.advance(by: .hours(2))
        #expect(parts.harness.urls.count == 2)
    }

    @Test func shutdownWaitsForTheOldOneToo() throws {
        let parts = try Parts()
        try parts.renew()
        try parts.harness.answerHandshake()
        var isOver = false
        parts.client.shutdown { isOver = true }
        parts.harness.channels[1].close(promise: nil)
        parts.harness.loop.run()
        #expect(!isOver)
        parts.harness.advance(by: .seconds(5))
        #expect(isOver)
    }

    @Test func aPauseInTheMidstOfResumingHoldsBackTheNewOne() throws {
        let parts = try Parts()
        parts.client.pauseReading()
        try parts.renew()
        try parts.harness.answerHandshake()
        try parts.serve("old", on: 0)
        try parts.serve("new", on: 1)
        _ = parts.harness.events
        parts.harness.recorder.onReceived = { [client = parts.client] in client.pauseReading() }
        parts.client.resumeReading()
        try parts.serve("newer", on: 1)
        #expect(parts.harness.events == ["received old"], "the queue that this filled says so")
        parts.harness.recorder.onReceived = nil
        parts.client.resumeReading()
        #expect(parts.harness.events == ["received new", "received newer"])
    }

    @Test func aPauseHoldsBackTheOneThatIsBeingMadeToo() throws {
        let parts = try Parts()
        var heard: [String] = []
        parts.harness.recorder.onPrepare = { successor in
            successor.received = { batch in heard += batch.messages.map { batch.text(of: $0) } }
        }
        parts.client.pauseReading()
        try parts.renew()
        try parts.harness.answerHandshake()
        try parts.serve("one", on: 1)
        #expect(heard == [])
        parts.client.resumeReading()
        #expect(heard == ["one"])
        parts.client.pauseReading()
        try parts.serve("two", on: 1)
        #expect(heard == ["one"])
        parts.client.resumeReading()
        #expect(heard == ["one", "two"])
    }

    @Test func shutdownIsNotHeldUpByAnOldOneThatEndedUnread() throws {
        let parts = try Parts()
        parts.client.pauseReading()
        try parts.renew()
        try parts.harness.answerHandshake()
        try parts.serve("unread", on: 0)
        parts.harness.channels[0].close(promise: nil)
        parts.harness.loop.run()
        var isOver = false
        parts.client.shutdown { isOver = true }
        parts.harness.channels[1].close(promise: nil)
        parts.harness.advance(by: .seconds(60))
        #expect(isOver)
    }

    @Test func whatArrivesBeforeTheTakeoverIsTheSuccessors() throws {
        let parts = try Parts()
        var heard: [String] = []
        parts.harness.recorder.onPrepare = { successor in
            successor.received = { batch in heard += batch.messages.map { batch.text(of: $0) } }
            successor.becomeReady()
        }
        try parts.renew()
        let request = try parts.harness.sent()
        var early = ByteBuffer(string: Self.answer(to: request))
        var encoder = FrameEncoder(endpoint: .server)
        encoder.encode(WebSocketMessageBatch(text: "early"), into: &early)
        try parts.harness.channels[1].writeInbound(early)
        #expect(heard == ["early"])
        parts.harness.loop.run()
        try parts.serve("late", on: 1)
        #expect(heard == ["early"])
        #expect(parts.harness.events == ["renewed 60 s", "writable", "received late"])
    }

    @Test func aSuccessorThatIsGivenUpWhenItWasReadyLeavesThePresentOneToo() throws {
        let parts = try Parts()
        parts.harness.recorder.onPrepare = { successor in
            successor.becomeReady()
            successor.giveUp(because: "its heartbeats are not answered")
        }
        try parts.renew()
        try parts.harness.answerHandshake()
        #expect(try parts.frames(on: 1) == ["close 1000"])
        #expect(try parts.frames(on: 0) == [])
        #expect(parts.client.send(text: "x"))
    }

    @Test func whatTheOldOneStillReceivesIsToldApart() throws {
        let parts = try Parts()
        parts.harness.recorder.tellsPredecessor = true
        try parts.renew()
        try parts.harness.answerHandshake()
        _ = parts.harness.events
        try parts.serve("a", on: 0)
        try parts.serve("b", on: 1)
        #expect(parts.harness.events == ["received of the one before a", "received b"])
    }

    @Test func anotherTokenByCommandIsNoRenewal() throws {
        let parts = try Parts()
        parts.client.connect(bearerToken: "given")
        #expect(try parts.frames(on: 0) == ["close 1000"], "a reconnect, as the contract says")
        #expect(parts.harness.urls.count == 1)
    }

    private static func answer(to request: String) -> String {
        let key = request.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }?.dropFirst(19)
        let accept = HandshakeKey(text: String(key ?? "")).accept
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(accept)\r\n\r\n"
    }
}
