import TLS
import Testing
import WSClient

@testable import BridgeCore

/// The keys by which a connection says who it is.
struct CredentialSectionTests {
    private static let routes = "routes: { r: { from: cloud, to: { udp: '127.0.0.1:9' } } }\n"

    private func connection(_ keys: String, warnings: [String] = []) throws -> ConnectionConfiguration {
        let yaml = "connections:\n  cloud:\n    url: wss://a.b\n\(keys)\n\(Self.routes)"
        return try configuration(yaml, environment: ["T": "value"], warnings: warnings).connections[0]
    }

    private func says(_ keys: String, _ lines: String...) {
        expect(
            "connections:\n  cloud:\n    url: wss://a.b\n\(keys)\n\(Self.routes)",
            says: lines,
            environment: ["TOKEN": "secret"]
        )
    }

    @Test func aTokenMayComeFromACommand() throws {
        let cloud = try connection("    bearer_token: { command: [ get-token, --for, '${T}', 5 ], timeout: 3s }")
        #expect(cloud.tokenCommand?.arguments == ["get-token", "--for", "value", "5"])
        #expect(cloud.tokenCommand?.timeout == .seconds(3))
        #expect(cloud.bearerToken == nil)
        #expect(try connection("    bearer_token: '${T}'").bearerToken == .literal("value"))
    }

    @Test func whatIsWrongWithACommandIsSaid() {
        says(
            "    bearer_token: { command: get-token --quiet }",
            "4:30: command must be a list such as [ /usr/local/bin/get-token, --quiet ], each argument by itself: "
                + "no shell takes a line apart"
        )
        says(
            "    bearer_token: { command: [] }",
            "4:30: command must be a list such as [ /usr/local/bin/get-token, --quiet ], found an empty list"
        )
        says("    bearer_token: { command: [ '' ] }", "4:30: command: the program's name is empty")
        says(
            "    bearer_token: { command: [ a ], file: /b }",
            "4:37: bearer_token has a file and a command: keep one of them"
        )
        says(
            "    bearer_token: { command: [ a, '${TOKEN}' ] }",
            "4:35: warning: the value of ${TOKEN} becomes an argument, which everyone on this machine can see: "
                + "the command inherits the environment and can read it there"
        )
    }

    @Test func userAndPasswordMayBeKeys() throws {
        let cloud = try connection("    basic_auth: { username: anna, password: '${T}' }")
        #expect(cloud.basicAuth == BasicAuthConfiguration(username: .literal("anna"), password: .literal("value")))
        says("    basic_auth: { username: a }", "4:17: connections.cloud.basic_auth needs a password")
        says(
            "    basic_auth: { username: 'a:b', password: '${TOKEN}' }",
            "4:29: username holds a ':', which ends it"
        )
    }

    @Test func oauthHasItsKeys() throws {
        let cloud = try connection(
            """
                oauth2:
                  token_url: https://login.example.com/token?x=y
                  client_id: gateway
                  client_secret: ${T}
                  scope: feed.read feed.write
                  audience: https://api.example.com
                  auth_style: body
                  timeout: 2s
                  tls: { min_version: "1.3" }
                renew_before: 60s
            """
        )
        let oauth = try #require(cloud.oauth2)
        #expect(oauth.tokenEndpoint.url.host == "login.example.com" && oauth.tokenEndpoint.url.port == 443)
        #expect(oauth.tokenEndpoint.url.path == "/token?x=y")
        #expect(oauth.tokenEndpoint.description == "https://login.example.com/token")
        #expect(oauth.clientID == "gateway" && oauth.clientSecret == .literal("value"))
        #expect(oauth.scope == "feed.read feed.write" && oauth.audience == "https://api.example.com")
        #expect(oauth.authStyle == .body && oauth.timeout == .seconds(2) && oauth.tls.minimumVersion == .tls13)
        #expect(cloud.renewBefore == .seconds(60))
    }

    @Test func whatOAuthLacksIsSaid() {
        says(
            "    oauth2: { client_id: x }",
            "4:13: connections.cloud.oauth2 needs a token_url",
            "4:13: connections.cloud.oauth2 needs a client_secret"
        )
        says(
            "    oauth2: { token_url: 'http://a.b/t', client_id: x, client_secret: '${TOKEN}' }",
            "4:26: warning: client_secret and the token travel unencrypted: use https"
        )
    }

    @Test("S5: a URL's password and cookies that travel unencrypted are a warning") func unencrypted() throws {
        _ = try configuration(
            "connections:\n  cloud:\n    url: ws://anna:${T}@a.b\n    cookies: { session: '${T}' }\n\(Self.routes)",
            environment: ["T": "value"],
            warnings: [
                "3:10: warning: the password travels unencrypted: use wss",
                "4:5: warning: the cookie travels unencrypted: use wss",
            ]
        )
        _ = try configuration(
            "connections:\n  cloud:\n    url: ws://anna:${T}@127.0.0.1\n    cookies: { session: '${T}' }\n\(Self.routes)",
            environment: ["T": "value"]
        )
    }

    @Test func cookiesAreChecked() throws {
        let cloud = try connection("    cookies: { session: '${T}', theme: dark }")
        #expect(cloud.cookies.map(\.name) == ["session", "theme"])
        says(
            "    cookies: { session: 'a b' }",
            "4:25: session holds a space, a comma, a semicolon, a quote, a backslash or what is no ASCII letter, digit or "
                + "sign: a cookie's value can't; percent-encode it if the server expects that"
        )
        says(
            "    cookies: { session: '${TOKEN}' }\n    headers: { cookie: '${TOKEN}' }",
            "4:5: cookies and headers.Cookie say the same: keep one of them"
        )
    }

    @Test(arguments: [
        ("", true), ("abc", true), ("\"abc\"", true), ("a=b%20!", true), ("a b", false), ("a;b", false), ("a,b", false),
        ("a\\b", false), ("a\"b", false), ("\"", false), ("é", false), ("a\r\nb", false),
    ]) func rfc6265Section4Values(value: String, isFine: Bool) {
        #expect((SecretUse.cookie.problem(with: value) == nil) == isFine)
    }

    @Test func onlyOneThingSaysWhoWeAre() {
        says(
            "    basic_auth: { username: a, password: '${TOKEN}' }\n    bearer_token: '${TOKEN}'",
            "5:5: bearer_token and basic_auth say the same: keep one of them"
        )
        says(
            "    oauth2: { token_url: 'https://a.b/t', client_id: x, client_secret: '${TOKEN}' }\n"
                + "    basic_auth: { username: a, password: '${TOKEN}' }\n    headers: { Authorization: '${TOKEN}' }",
            "5:5: basic_auth, oauth2 and headers.Authorization say the same: keep one of them"
        )
    }

    @Test func renewBeforeNeedsATokenThatExpires() throws {
        _ = try connection(
            "    renew_before: 1m",
            warnings: ["4:5: warning: renew_before has no effect without a bearer_token or oauth2"]
        )
        _ = try connection(
            "    bearer_token: '${T}'\n    renew_before: 1m",
            warnings: [
                "5:5: warning: renew_before has no effect for a token that stands here: only oauth2, { file: … } or "
                    + "{ command: … } can give another"
            ]
        )
        _ = try connection("    bearer_token: { command: [ x ] }\n    renew_before: 1m")
        says(
            "    oauth2: { token_url: 'https://a.b/t', client_id: x }\n    renew_before: 1m",
            "4:13: connections.cloud.oauth2 needs a client_secret"
        )
        says(
            "    bearer_token: '${NOPE}'\n    renew_before: 1m",
            "4:19: the environment variable NOPE isn't set: set it, or write ${NOPE:-default}"
        )
        #expect(try connection("    renew_before: none").renewBefore == nil)
    }
}
