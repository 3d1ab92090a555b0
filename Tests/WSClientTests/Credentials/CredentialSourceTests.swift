import NIOCore
import TestSupport
import Testing

@_spi(Codec) @testable import WSClient

/// Credentials that take time, and what a refusal makes of them.
struct CredentialSourceTests {
    private func harness(
        _ url: String = "ws://example.com/feed",
        _ change: (inout WebSocketClientConfiguration) -> Void = { _ in }
    ) throws -> (ClientHarness, ScriptedCredentials) {
        let harness = try ClientHarness(url, change)
        let source = ScriptedCredentials(harness.loop)
        harness.client.credentialSource = source
        return (harness, source)
    }

    private func refuse(_ harness: ClientHarness, _ status: String = "401 Unauthorized") throws {
        try harness.accept()
        try harness.receive("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
    }

    @Test func theAttemptWaitsForThem() throws {
        let (harness, source) = try harness()
        harness.client.connect()
        #expect(harness.urls.isEmpty)
        #expect(harness.events == ["connecting"])
        source.answer(.success(.bearer("abc")))
        try harness.accept()
        #expect(try harness.sent().contains("\r\nAuthorization: Bearer abc\r\n"))
    }

    @Test func theyCountAgainstTheConnectTimeout() throws {
        let (harness, source) = try harness()
        harness.client.connect()
        harness.advance(by: .seconds(10))
        #expect(harness.client.status.reason == "no credentials within 10 s, the limit of the whole attempt")
        #expect(harness.client.status.state == .backoff)
        #expect(source.cancelCount == 1)
        source.answer(.success(.bearer("too late")))
        #expect(harness.urls.isEmpty)

        harness.advance(by: .seconds(1))
        harness.advance(by: .seconds(7))
        source.answer(.success(.bearer("late")))
        harness.advance(by: .seconds(3))
        #expect(harness.client.status.reason == "no connection to example.com:80 within 10 s", "one deadline for all")
    }

    @Test func aFailureIsWaitedOutOrAFault() throws {
        let (harness, source) = try harness()
        source.prepared = [
            .failure(WebSocketCredentialError("the token endpoint is away", needsPerson: false)),
            .failure(WebSocketCredentialError("the client is unknown", needsPerson: true)),
        ]
        harness.client.connect()
        #expect(harness.client.status.state == .backoff)
        #expect(harness.client.status.reason == "the token endpoint is away")
        harness.client.connect()
        #expect(harness.client.status.state == .fault)
        #expect(harness.urls.isEmpty)
    }

    @Test func disconnectEndsTheWaiting() throws {
        let (harness, source) = try harness()
        harness.client.connect()
        harness.client.disconnect()
        #expect(source.cancelCount == 1)
        source.answer(.success(.bearer("abc")))
        #expect(harness.urls.isEmpty)
        #expect(harness.client.status.state == .disconnected)
    }

    @Test("S14: one refusal: a fresh credential at once; two: a fault, and no hammering")
    func refusalsAreAnsweredByOneFreshCredential() throws {
        let (harness, source) = try harness()
        for token in ["old", "fresh", "slow", "slower"] { source.prepare(token) }
        harness.client.connect()
        try refuse(harness)
        #expect(source.requests.map(\.isFresh) == [false, true])
        #expect(harness.client.status.state == .connecting, "at once")
        try harness.accept()
        #expect(try harness.sent().contains("\r\nAuthorization: Bearer fresh\r\n"))
        try harness.receive("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        #expect(harness.client.status.state == .fault)
        #expect(harness.client.status.reason == "server answered 403 Forbidden; look at the token or password")
        harness.advance(by: .seconds(59))
        #expect(source.requests.count == 2)
        // A random while later: no further than there, or the attempt's own deadline would pass too.
        for _ in 60...76 where source.requests.count == 2 { harness.advance(by: .seconds(1)) }
        #expect(source.requests.count == 3, "the slow lane")
        try refuse(harness)
        #expect(harness.client.status.state == .fault, "and no second try there")
        #expect(source.requests.count == 3)
    }

    @Test func anEstablishmentForgetsTheRefusal() throws {
        let (harness, source) = try harness()
        for token in ["a", "b", "c", "d"] { source.prepare(token) }
        harness.client.connect()
        try refuse(harness)
        try harness.accept()
        try harness.answerHandshake()
        #expect(harness.client.status.state == .established)
        harness.drop()
        harness.advance(by: .seconds(1))
        #expect(source.requests.map(\.isFresh) == [false, true, false])
        try refuse(harness)
        #expect(harness.client.status.state == .connecting)
        #expect(source.requests.map(\.isFresh) == [false, true, false, true])
    }

    @Test func whatCantBeRenewedWaitsAfterTheFirstRefusal() throws {
        let (harness, source) = try harness()
        source.isRenewable = false
        source.prepare("literal")
        harness.client.connect()
        try refuse(harness)
        #expect(harness.client.status.state == .backoff)
        #expect(source.requests.count == 1)
    }

    @Test func aRefusalThatAsksForTimeGetsIt() throws {
        let (harness, source) = try harness()
        source.prepare("a")
        harness.client.connect()
        try refuse(harness, "403 Forbidden\r\nRetry-After: 30")
        #expect(harness.client.status.state == .backoff)
        #expect(source.requests.count == 1)
    }

    @Test(arguments: [1008, 3000, 4401, 4403])
    func aPolicysCloseCodeAsksForAFreshOneNextTime(code: UInt16) throws {
        let (harness, source) = try harness()
        source.prepare("a")
        source.prepare("b")
        try harness.establish()
        try harness.serve { encoder, buffer in
            encoder.encodeClose(CloseFrame(code: CloseCode(rawValue: code)), into: &buffer)
        }
        harness.drop()
        #expect(harness.client.status.state == .backoff, "not at once")
        harness.advance(by: .seconds(1))
        #expect(source.requests.map(\.isFresh) == [false, true])
    }

    @Test func aTokenGivenByCommandStandsInItsPlace() throws {
        let (harness, source) = try harness()
        source.prepared = [.success(WebSocketCredentials(headers: [("Cookie", "a=b")]))]
        harness.client.connect(bearerToken: "given")
        #expect(source.requests == [WebSocketCredentialRequest(includesAuthorization: false)])
        try harness.accept()
        let request = try harness.sent()
        #expect(request.contains("\r\nAuthorization: Bearer given\r\n") && request.contains("\r\nCookie: a=b\r\n"))
        try harness.receive("HTTP/1.1 401 Unauthorized\r\n\r\n")
        #expect(harness.client.status.state == .backoff, "no fresh one is to be had")
    }

    @Test("S7: what a source gives is hidden when the server says it back")
    func whatASourceGivesIsHidden() throws {
        let (harness, source) = try harness()
        source.prepared = [.success(WebSocketCredentials(headers: [("X-Harmless", "canary value")]))]
        try harness.establish()
        try harness.serve { encoder, buffer in
            encoder.encodeClose(CloseFrame(code: .policyViolation, reason: "no canary value"), into: &buffer)
        }
        harness.drop()
        #expect(harness.client.status.reason?.contains("canary") == false)
    }
}
