import Foundation
import NIOConcurrencyHelpers
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
        server: String = "http://127.0.0.1",
        _ change: (inout OAuthConfiguration) -> Void = { _ in }
    ) throws -> OAuthConfiguration {
        var oauth = OAuthConfiguration(
            tokenEndpoint: TokenEndpointAddress(try ServerURL("\(server):\(port)/token")),
            clientID: "site 12",
            clientSecret: .literal("canary+secret")
        )
        change(&oauth)
        return oauth
    }

    /// The tokens that a source gives, or why it gives none.
    private func withSource(
        _ oauth: OAuthConfiguration,
        proxy: ProxyConfiguration = .none,
        proxyCAFile: String? = nil,
        learned: @escaping @Sendable ([String]) -> Void = { _ in },
        _ body: (OnLoop<OAuthAuthorization>) async throws -> Void
    ) async throws {
        let server = try WebSocketURL("ws://feed.example")
        var connection = ConnectionConfiguration(name: "cloud", endpoint: server)
        connection.proxy = proxy
        connection.tls.caFile = proxyCAFile
        try await withEventLoop { eventLoop in
            try await body(
                try await OnLoop(eventLoop) { [connection] in
                    OAuthAuthorization(
                        oauth,
                        of: connection,
                        userAgent: "wsbridge/test",
                        eventLoop: $0,
                        learned: learned,
                        warn: { _ in }
                    )
                }
            )
        }
    }

    @Test func theRequestIsAsRFC6749Section4Wants() async throws {
        try await withTokenServer(answering: { _, _ in .token("abc", expiresIn: 3600) }) { server in
            let oauth = try configuration(port: server.port) {
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

    @Test func idAndSecretMayStandInTheBody() throws {
        let request = OAuthRequest(try configuration(port: 1) { $0.authStyle = .body }, secret: "canary+secret")
        #expect(request.body == "grant_type=client_credentials&client_id=site+12&client_secret=canary%2Bsecret")
        #expect(request.authorization == nil)
    }

    @Test func aTokenIsKeptUntilShortlyBeforeItExpires() async throws {
        try await withTokenServer(answering: { number, _ in .token("t\(number)", expiresIn: number == 1 ? 3600 : 0) }) {
            server in
            try await withSource(try configuration(port: server.port)) { source in
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
            try await withSource(try configuration(port: server.port)) { source in
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
                    var oauth = try configuration(port: relay.port, server: "https://127.0.0.1")
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
                try await withSource(try configuration(port: server.port) { $0.timeout = timeout }) { source in
                    let failure = try await source.failure()
                    #expect(failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
                    #expect(failure?.needsPerson == false)
                }
            }
        }
    }

    @Test("RFC 9112: lines with LF alone, chunks, and a body that ends with TCP are answers like others")
    func answersInAnyFraming() async throws {
        let token = #"{"access_token":"abc","token_type":"Bearer"}"#
        let (first, second) = (token.prefix(20), token.dropFirst(20))
        for answer in [
            "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: \(token.utf8.count)\n\n\(token)",
            "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n14\r\n\(first)\r\n"
                + "\(String(second.utf8.count, radix: 16))\n\(second)\n0\n\n",
            "HTTP/1.0 200 OK\r\n\r\n\(token)",
        ] {
            try await withTokenServer(answering: { _, _ in .raw(answer) }) { server in
                try await withSource(configuration(port: server.port)) { source in try await source.gives("Bearer abc")
                }
            }
        }
    }

    @Test func whatARefusalSaysOutsideItsErrorCodeIsShown() async throws {
        let answers: [(TestTokenServer.Answer, String)] = [
            (
                .status(503, body: "canary+secret: down\nfor a while"),
                "answered 503; it says \"***: down\\nfor a while\""
            ),
            (.status(503, body: "<html>down</html>"), "answered 503"),
            (
                .status(401, headers: [("WWW-Authenticate", "Negotiate")]),
                "answered 401; it asks for Negotiate, but only Basic can be given"
            ),
        ]
        for (answer, words) in answers {
            try await withTokenServer(answering: { _, _ in answer }) { server in
                try await withSource(configuration(port: server.port)) { source in
                    let failure = try await source.failure()
                    #expect(failure?.reason.hasSuffix(words) == true, "\(failure?.reason ?? "")")
                }
            }
        }
    }

    @Test func theEndpointIsToldWhoWeAre() async throws {
        try await withTokenServer(answering: { _, _ in .token("abc") }) { server in
            try await withSource(configuration(port: server.port)) { source in try await source.gives("Bearer abc") }
            #expect(server.requests.first?.header("User-Agent") == "wsbridge/test")
        }
    }

    @Test func anEndpointThatIsAwayMayComeBack() async throws {
        let port = freePort()
        try await withSource(try configuration(port: port)) { source in
            let failure = try await source.failure()
            #expect(failure?.reason == "no token: connection refused by 127.0.0.1:\(port)")
            #expect(failure?.needsPerson == false)
        }
    }

    // MARK: Through a proxy

    @Test("S5: through a proxy behind TLS, both certificates are verified, each against its own authority")
    func throughAProxyBehindTLS() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await TestAuthority(in: directory)
            let endpoint = try await authority.issue("login", names: ["DNS:login.nowhere.invalid"])
            let proxyCertificate = try await authority.issue("proxy", names: ["IP:127.0.0.1"])
            let file = authority.certificate.certificateFile
            try await withTokenServer(answering: { _, _ in .token("abc") }) { server in
                try await withTLSRelay(to: server.port, certificate: endpoint) { relay in
                    try await withTestProxy(.init(.http, login: "anna:pw")) { proxy in
                        try await withTLSRelay(to: proxy.port, certificate: proxyCertificate) { front in
                            let way = ProxyConfiguration.server(
                                try WebSocketProxy("https://anna:pw@127.0.0.1:\(front.port)"),
                                password: nil
                            )
                            let oauth = try configuration(port: relay.port, server: "https://login.nowhere.invalid") {
                                $0.tls.caFile = file
                            }
                            try await withSource(oauth, proxy: way) { source in
                                let failure = try await source.failure()
                                #expect(failure?.needsPerson == true)
                                #expect(failure?.reason.contains("certificate") == true)
                            }
                            #expect(proxy.requests == [], "nothing was said to a stranger")
                            try await withSource(oauth, proxy: way, proxyCAFile: file) { source in
                                try await source.gives("Bearer abc")
                            }
                            #expect(proxy.requests == ["login.nowhere.invalid:\(relay.port)"])
                        }
                    }
                }
            }
        }
    }

    @Test("S7: what goes wrong with the proxy names it, and not its password")
    func failuresOfTheProxy() async throws {
        func failure(_ proxy: String, timeout: Duration = .seconds(20)) async throws -> WebSocketCredentialError? {
            var failure: WebSocketCredentialError?
            let oauth = try configuration(port: 443, server: "https://login.nowhere.invalid") {
                $0.timeout = timeout
            }
            let way = ProxyConfiguration.server(try WebSocketProxy(proxy), password: nil)
            try await withSource(oauth, proxy: way) { failure = try await $0.failure() }
            #expect(failure?.reason.contains("canary") == false)
            return failure
        }
        let port = freePort()
        let away = try await failure("socks5://anna:canary-pw@127.0.0.1:\(port)")
        #expect(away?.reason == "no token: connection refused by proxy 127.0.0.1:\(port)")
        #expect(away?.needsPerson == false)
        try await withTestProxy(.init(.http, login: "anna:right")) { proxy in
            let refused = try await failure("http://anna:canary-pw@127.0.0.1:\(proxy.port)")
            #expect(
                refused?.reason == "no token: proxy 127.0.0.1:\(proxy.port) refused CONNECT to "
                    + "login.nowhere.invalid:443: 407 Proxy Authentication Required"
            )
            #expect(refused?.needsPerson == true)
        }
        try await withTokenServer(answering: { _, _ in .silent }) { silent in
            let late = try await failure("http://127.0.0.1:\(silent.port)", timeout: .milliseconds(200))
            #expect(
                late?.reason
                    == "no token: no way through proxy 127.0.0.1:\(silent.port) to login.nowhere.invalid within 200ms"
            )
            #expect(late?.needsPerson == false)
        }
    }

    @Test("S7: a proxy's password is read anew from its file, and known as a secret before it is sent")
    func thePasswordOfTheProxy() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appendingPathComponent("password")
            try "right\n".write(to: file, atomically: true, encoding: .utf8)
            try await withTokenServer(answering: { _, _ in .token("abc") }) { server in
                try await withTestProxy(.init(.socks5, login: "anna:right")) { proxy in
                    var address = try WebSocketProxy("socks5://127.0.0.1:\(proxy.port)")
                    address.username = "anna"
                    let secrets = NIOLockedValueBox<[String]>([])
                    try await withSource(
                        try configuration(port: server.port),
                        proxy: .server(address, password: .file(file.path)),
                        learned: { more in secrets.withLockedValue { $0 += more } }
                    ) { source in
                        try await source.gives("Bearer abc")
                        #expect(proxy.requests == ["127.0.0.1:\(server.port)"], "a proxy in the file counts for all")
                        try "changed\n".write(to: file, atomically: true, encoding: .utf8)
                        await #expect(throws: WebSocketCredentialError.self) { try await source.token(isFresh: true) }
                    }
                    #expect(secrets.withLockedValue { $0.contains("right") && $0.contains("changed") })
                }
            }
        }
    }

    @Test func theEnvironmentsProxyIsForOtherMachines() async throws {
        try await withTokenServer(answering: { _, _ in .token("abc") }) { server in
            let environment = ProxyEnvironment(["http_proxy": "127.0.0.1:\(freePort())"])
            let oauth = try configuration(port: server.port)
            try await withSource(oauth, proxy: .environment(environment)) { try await $0.gives("Bearer abc") }
        }
        // The file's check refuses it; nobody goes around it either.
        let wrong = ProxyEnvironment(["http_proxy": "ftp://u:canary@p"])
        let away = try configuration(port: 80, server: "http://login.nowhere.invalid")
        try await withSource(away, proxy: .environment(wrong)) { source in
            await #expect(throws: ProxyEnvironment.Problem.self) { try await source.token() }
        }
    }

    // MARK: Answers

    private func answer(_ status: Int, _ body: String, retryAfter: String? = nil) throws(WebSocketCredentialError)
        -> OAuthAnswer
    {
        guard let url = try? ServerURL("https://login/token?key=canary") else { preconditionFailure("a URL") }
        return try OAuthAnswer(
            TokenEndpointAnswer(status: status, retryAfter: retryAfter, body: Array(body.utf8)),
            from: TokenEndpointAddress(url),
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
