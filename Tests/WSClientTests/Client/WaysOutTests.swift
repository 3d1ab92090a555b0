import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import TLS
@testable import WSClient

/// A client on its way through a proxy, on an in-memory network.
struct WaysOutTests {
    private func harness(_ url: String, _ proxy: String) throws -> ClientHarness {
        let proxy = try WebSocketProxy(proxy)
        return try ClientHarness(url) { $0.proxy = { _ in proxy } }
    }

    @Test func connectedIsSaidWhenTheWayIsOpen() throws {
        let harness = try harness("ws://example.com/feed", "http://proxy.example:3128")
        harness.client.connect()
        try harness.accept()
        #expect(harness.events == ["connecting"])
        #expect(try harness.sent() == "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n")
        try harness.receive("HTTP/1.1 200 OK\r\n\r\n")
        #expect(harness.events == ["connected", "event connected"])
        try harness.answerHandshake()
        #expect(harness.events == ["established", "event established"])
        try harness.serve(texts: "hello")
        #expect(harness.events == ["received hello"])
        #expect(harness.client.send(text: "back"))
        #expect(try harness.sentFrames() == ["text back"])
    }

    @Test func aProxyThatEndsIsNoDisconnection() throws {
        let harness = try harness("ws://example.com/feed", "socks5://proxy.example")
        harness.client.connect()
        try harness.accept()
        harness.drop()
        #expect(harness.events == ["connecting", "backoff"])
        #expect(harness.client.status.reason == "proxy proxy.example:1080 closed the connection before it led anywhere")
    }

    @Test("S3: a proxy that never answers meets the deadline")
    func aProxyThatNeverAnswers() throws {
        let harness = try harness("ws://example.com/feed", "http://proxy.example:3128")
        harness.client.connect()
        try harness.accept()
        harness.advance(by: .seconds(10))
        #expect(harness.client.status.reason == "no way through proxy proxy.example:3128 to example.com:80 within 10 s")
        #expect(!harness.channel.isActive)
    }

    @Test func aProxyThatCantBeReachedInTimeIsNamed() throws {
        let harness = try harness("ws://example.com/feed", "http://proxy.example:3128")
        harness.client.connect()
        harness.advance(by: .seconds(10))
        #expect(harness.client.status.reason == "no connection to proxy proxy.example:3128 within 10 s")
    }

    @Test func aRedirectAsksForItsOwnWay() throws {
        let proxy = try WebSocketProxy("http://proxy.example:3128")
        let harness = try ClientHarness("ws://inside.example/feed") {
            $0.followRedirects = 1
            $0.proxy = { $0.host == "outside.example" ? proxy : nil }
        }
        harness.client.connect()
        try harness.accept()
        _ = try harness.sent()
        try harness.receive("HTTP/1.1 302 Found\r\nLocation: ws://outside.example/feed\r\n\r\n")
        try harness.accept()
        #expect(try harness.sent().hasPrefix("CONNECT outside.example:80 "))
    }

    @Test func aProxyThatCantBeNamedIsAFault() throws {
        struct NoPassword: Error, CustomStringConvertible { let description = "the secret file is empty" }
        let harness = try ClientHarness { $0.proxy = { _ in throw NoPassword() } }
        harness.client.connect()
        #expect(harness.client.status.state == .fault)
        #expect(harness.client.status.reason == "the secret file is empty")
        #expect(harness.urls.isEmpty)
    }

    @Test("RFC 7301: a server that picks another protocol than HTTP/1.1 is a fault")
    func otherProtocolsAreAFault() throws {
        let harness = try ClientHarness("wss://example.com/feed")
        harness.client.connect()
        try harness.accept()
        let agreement = TLSHandshakeCompleted(
            protocolVersion: "TLSv1.3",
            cipher: "x",
            applicationProtocol: "h2",
            peerCertificate: nil
        )
        harness.channel.pipeline.fireUserInboundEventTriggered(agreement)
        harness.loop.run()
        #expect(harness.client.status.state == .fault)
        #expect(
            harness.client.status.reason == "server insists on \"h2\" (ALPN), but WebSocket begins in HTTP/1.1"
        )
    }

    @Test(
        "S3: whatever the redirect, credentials go to the configured server alone",
        arguments: [
            ("ws://example.com/x", true), ("ws://example.com:8080/x", false), ("ws://other.example/x", false),
            ("ws://EXAMPLE.com/x", true), ("wss://example.com/x", true), ("wss://example.com:444/x", false),
            ("ws://example.com.other.example/x", false), ("ws://example.com@other.example/x", false), ("/x", true),
            ("//other.example/x", false), ("?q", true), ("http://example.com/x", true),
            ("https://other.example/x", false),
        ]
    )
    func theRedirectMatrix(location: String, keepsCredentials: Bool) throws {
        let home = try WebSocketURL("ws://example.com/feed")
        var redirect = Redirect(allowed: 1)
        let target = try redirect.follow(location, from: home)
        #expect(Redirect.sharesCredentials(home, target) == keepsCredentials)
    }

    @Test("S3: a redirect from wss to ws is refused", arguments: ["ws://example.com/x", "http://example.com/x"])
    func noRedirectOutOfTLS(location: String) throws {
        var redirect = Redirect(allowed: 3)
        let home = try WebSocketURL("wss://example.com/feed")
        #expect(throws: ConnectionFailure.self) { try redirect.follow(location, from: home) }
    }

    @Test func aTimeoutSaysHowFarItCame() throws {
        let harness = try ClientHarness()
        harness.wordsOfTimeout = "2001:db8::1: no answer; 192.0.2.1: connection refused"
        harness.client.connect()
        harness.advance(by: .seconds(10))
        #expect(
            harness.client.status.reason
                == "no connection to example.com:80 within 10 s: "
                + "2001:db8::1: no answer; 192.0.2.1: connection refused"
        )
    }

    @Test func failuresAreTold() throws {
        final class Recorder: WebSocketClientDelegate {
            var failures: [String] = []
            func webSocketClient(_ client: WebSocketClient, received batch: WebSocketMessageBatch) {}
            func webSocketClient(_ client: WebSocketClient, failed reason: String) { failures.append(reason) }
        }
        let harness = try ClientHarness()
        let recorder = Recorder()
        harness.client.delegate = recorder
        harness.client.connect()
        harness.refuse(ConnectionFailure("refused"))
        harness.advance(by: .seconds(2))
        try harness.accept()
        harness.client.disconnect()
        #expect(recorder.failures == ["refused"], "what a command ended did not fail")
    }
}
