import Foundation
import NIOCore
import TLS
import TestSupport
import Testing
import WSClient

@testable import BridgeCore

/// Tokens from an authorization server: requests, answers, what is kept, what is said.
struct OAuthTests {
    private func configuration(
        port: Int,
        _ change: (inout OAuthConfiguration) -> Void = { _ in }
    ) -> OAuthConfiguration {
        var oauth = OAuthConfiguration(
            tokenEndpoint: TokenEndpointAddress(isSecure: false, host: "127.0.0.1", port: port, path: "/token"),
            clientID: "site 12",
            clientSecret: .literal("canary+secret")
        )
        change(&oauth)
        return oauth
    }

    /// The tokens that a source gives, or why it gives none.
    private func withSource(
        _ oauth: OAuthConfiguration,
        _ body: (OnLoop<OAuthAuthorization>) async throws -> Void
    ) async throws {
        try await withEventLoop { eventLoop in
            try await body(
                try await OnLoop(eventLoop) {
                    OAuthAuthorization(oauth, eventLoop: $0, learned: { _ in }, warn: { _ in })
                }
            )
        }
    }

    @Test func theRequestIsAsRFC6749Section4Wants() async throws {
        try await withTokenServer(answering: { _, _ in .token("abc", expiresIn: 3600) }) { server in
            let oauth = configuration(port: server.port) {
                $0.scope = "read write"
                $0.audience = "https://api/&x"
            }
            try await withSource(oauth) { source in try await source.gives("Bearer abc") }
            let request = try #require(server.requests.first)
            #expect(request.method == "POST" && request.target == "/token")
            #expect(request.body == "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi%2F%26x")
            #expect(request.header("Content-Type") == "application/x-www-form-urlencoded")
            #expect(request.header("Host") == "127.0.0.1:\(server.port)")
            // Section 2.3.1: encoded before they become a pair.
            let pair = try #require(request.header("Authorization")?.split(separator: " ").last)
            #expect(
                Data(base64Encoded: String(pair)).map { String(decoding: $0, as: UTF8.self) }
                    == "site+12:canary%2Bsecret"
            )
        }
    }

    @Test func idAndSecretMayStandInTheBody() {
        let request = OAuthRequest(configuration(port: 1) { $0.authStyle = .body }, secret: "canary+secret")
        #expect(request.body == "grant_type=client_credentials&client_id=site+12&client_secret=canary%2Bsecret")
        #expect(request.authorization == nil)
    }

    @Test func aTokenIsKeptUntilShortlyBeforeItExpires() async throws {
        try await withTokenServer(answering: { number, _ in .token("t\(number)", expiresIn: number == 1 ? 3600 : 0) }) {
            server in
            try await withSource(configuration(port: server.port)) { source in
                try await source.gives("Bearer t1")
                try await source.gives("Bearer t1")
                #expect(server.requestCount == 1)
                try await source.gives("Bearer t2", isFresh: true)  // one that was refused isn't kept
                try await source.gives("Bearer t3")  // nor one that has expired
            }
        }
    }

    @Test func whoAsksAtTheSameTimeGetsTheSame() async throws {
        try await withTokenServer(answering: { number, _ in .token("t\(number)") }) { server in
            try await withSource(configuration(port: server.port)) { source in
                let eventLoop = source.eventLoop
                let tokens = try await eventLoop.flatSubmit { [source] in
                    source.onLoop { source in
                        EventLoopFuture.whenAllSucceed(
                            (0..<5).map { _ in source.authorization(isFresh: false).map(\.value) },
                            on: eventLoop
                        )
                    }
                }.get()
                #expect(tokens == Array(repeating: "Bearer t1", count: 5))
                #expect(server.requestCount == 1)
            }
        }
    }

    @Test func overTLSTheServersCertificateIsVerified() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let certificate = try await authority.issue("server")
            try await withTokenServer(answering: { _, _ in .token("abc") }) { server in
                try await withTLSRelay(to: server.port, certificate: certificate) { relay in
                    var oauth = configuration(port: relay.port) { $0.tokenEndpoint.isSecure = true }
                    try await withSource(oauth) { source in
                        let failure = try await source.failure()
                        #expect(failure?.needsPerson == true)
                        #expect(failure?.reason.contains("certificate") == true)
                    }
                    #expect(server.requestCount == 0, "nothing was said to a stranger")
                    oauth.tls.caFile = authority.certificate.certificateFile
                    try await withSource(oauth) { source in try await source.gives("Bearer abc") }
                }
            }
        }
    }

    @Test("S14: an endpoint that never answers, answers too much, or not with HTTP")
    func hostileEndpoints() async throws {
        let answers: [(TestTokenServer.Answer, String)] = [
            (.silent, "did not answer within 200ms"),
            (.status(200, body: String(repeating: " ", count: 100_000)), "answered with more than 64 KiB"),
            (.raw("SSH-2.0-OpenSSH_9.2\r\n"), "did not answer with HTTP"),
            (.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), "before its answer was complete"),
        ]
        for (answer, words) in answers {
            try await withTokenServer(answering: { _, _ in answer }) { server in
                let timeout: Duration = words.contains("200ms") ? .milliseconds(200) : .seconds(20)
                try await withSource(configuration(port: server.port) { $0.timeout = timeout }) { source in
                    let failure = try await source.failure()
                    #expect(failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
                    #expect(failure?.needsPerson == false)
                }
            }
        }
    }

    @Test func anEndpointThatIsAwayMayComeBack() async throws {
        let port = freePort()
        try await withSource(configuration(port: port)) { source in
            let failure = try await source.failure()
            #expect(failure?.reason == "no token: connection refused by 127.0.0.1:\(port)")
            #expect(failure?.needsPerson == false)
        }
    }

    // MARK: Answers

    private static let endpoint = TokenEndpointAddress(
        isSecure: true,
        host: "login",
        port: 443,
        path: "/token?key=canary"
    )

    private func answer(_ status: Int, _ body: String, retryAfter: String? = nil) throws(WebSocketCredentialError)
        -> OAuthAnswer
    {
        try OAuthAnswer(
            TokenEndpointAnswer(status: status, retryAfter: retryAfter, body: Array(body.utf8)),
            from: Self.endpoint,
            hiding: ["canary-secret"]
        )
    }

    private func refusal(_ status: Int, _ body: String, retryAfter: String? = nil) -> WebSocketCredentialError? {
        do throws(WebSocketCredentialError) {
            _ = try answer(status, body, retryAfter: retryAfter)
            return nil
        } catch {
            return error
        }
    }

    @Test func lifetimesAreRead() throws {
        let head = #"{"access_token":"a","token_type":"bearer""#
        #expect(try answer(200, head + "}").lifetime == nil)
        #expect(try answer(200, head + #","expires_in":3600}"#).lifetime == .seconds(3600))
        #expect(
            try answer(200, head + #","expires_in":"3599"}"#).lifetime == .seconds(3599),
            "as some servers write it"
        )
        #expect(try answer(200, head + #","expires_in":1e300}"#).lifetime == .hours(87_600))
        #expect(try answer(200, head + #","expires_in":-1}"#).lifetime == nil)
    }

    @Test(arguments: [
        ("", false), ("<html>", false), ("{", false), ("{}", true),
        (#"{"access_token":"","token_type":"bearer"}"#, true),
        (#"{"access_token":5,"token_type":"bearer"}"#, true), (#"{"access_token":"a"}"#, true),
        (#"{"access_token":"a\r\nX: y","token_type":"bearer"}"#, true),
        (#"{"access_token":"a","token_type":"mac"}"#, true),
    ]) func whatIsNoTokenIsRefused(body: String, needsPerson: Bool) {
        #expect(refusal(200, body)?.needsPerson == needsPerson)
    }

    @Test func refusalsAreSaidInWords() {
        let invalid = refusal(
            401,
            #"{"error":"invalid_client","error_description":"canary-secret is \u001b[31mwrong"}"#
        )
        #expect(
            invalid?.reason
                == "the token endpoint https://login/token answered 401: invalid_client, client_id or client_secret is wrong, "
                + "or auth_style (*** is \\u{1b}[31mwrong)"
        )
        #expect(invalid?.needsPerson == true)
        let busy = refusal(503, "", retryAfter: "7")
        #expect(busy?.needsPerson == false && busy?.retryAfter == .seconds(7))
        #expect(refusal(429, "")?.needsPerson == false)
        #expect(refusal(400, #"{"error":"temporarily_unavailable"}"#)?.needsPerson == false)
        #expect(refusal(404, "")?.needsPerson == true)
        #expect(refusal(302, "")?.reason.contains("write the final address in token_url") == true)
    }
}

extension OnLoop<OAuthAuthorization> {
    func token(isFresh: Bool = false) async throws -> String {
        try await eventLoop.flatSubmit { onLoop { $0.authorization(isFresh: isFresh).map(\.value) } }.get()
    }

    func gives(_ expected: String, isFresh: Bool = false, sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        let found = try await token(isFresh: isFresh)
        #expect(found == expected, sourceLocation: sourceLocation)
    }

    func failure() async throws -> WebSocketCredentialError? {
        do {
            _ = try await token()
            return nil
        } catch let error as WebSocketCredentialError {
            return error
        }
    }
}

struct JSONWebTokenTests {
    private func token(_ claims: String) -> String {
        let payload = Data(claims.utf8).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
        return "eyJhbGciOiJub25lIn0.\(payload).sig"
    }

    @Test func expiryIsReadWithoutVerifying() {
        #expect(JSONWebToken.expirySeconds(of: token(#"{"sub":"?>~ä","exp":1700000000}"#)) == 1_700_000_000)
        #expect(JSONWebToken.expirySeconds(of: token(#"{"exp":1700000000.5}"#)) == 1_700_000_000.5)
    }

    @Test(arguments: ["", "a.b", "a.b.c", "..", "a.!!!.c", "opaque-token"]) func whatIsNoneHasNone(text: String) {
        #expect(JSONWebToken.expirySeconds(of: text) == nil)
    }

    @Test(arguments: ["{}", #"{"exp":"soon"}"#, #"{"exp":null}"#, "[", #"{"exp":1e999}"#])
    func strangeClaimsHaveNone(claims: String) {
        #expect(JSONWebToken.expiry(of: token(claims)) == nil)
    }

    @Test func absurdDatesAreNone() {
        #expect(JSONWebToken.expiry(of: token(#"{"exp":1e300}"#)) == nil)
        #expect(JSONWebToken.expiry(of: token(#"{"exp":-1e300}"#)) == nil)
    }
}
