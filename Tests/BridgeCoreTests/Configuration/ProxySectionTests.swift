import TestSupport
import Testing
import WSClient

@testable import BridgeCore

/// `connections.NAME.proxy`, and `ws+unix:` URLs.
struct ProxySectionTests {
    private func file(_ keys: String, url: String = "wss://example.com") -> String {
        let indented = keys.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        return "routes: {}\nconnections:\n  cloud:\n    url: \(url)\n\(indented)\n"
    }

    private func proxy(
        _ keys: String,
        for url: String = "wss://example.com",
        environment: [String: String] = [:]
    ) throws -> WebSocketProxy? {
        let connection = try configuration(file(keys), environment: environment).connections[0]
        return try connection.proxy.proxy(for: try WebSocketURL(url))
    }

    @Test func forms() throws {
        #expect(try proxy("proxy: http://10.0.0.1:3128")?.description == "http://10.0.0.1:3128")
        #expect(try proxy("proxy: none", environment: ["https_proxy": "http://p:1"]) == nil)
        #expect(try proxy("proxy: environment", environment: ["https_proxy": "http://p:1"])?.host == "p")
        #expect(try proxy("", environment: ["https_proxy": "http://p:1"])?.host == "p")
        #expect(try proxy("", for: "ws://other.example", environment: ["https_proxy": "http://p:1"]) == nil)
        #expect(try proxy("") == nil)
        let long = try proxy("proxy: { url: 'socks5://p', username: anna, password: pw }")
        #expect(long?.kind == .socks5 && long?.username == "anna" && long?.password == "pw")
        let short = try proxy("proxy: http://anna:pw@p:1")
        #expect(short?.username == "anna" && short?.password == "pw")
    }

    private let oauth =
        "oauth2: { token_url: 'https://login.example.com/token', client_id: site, client_secret: \"${S:-canary-id}\" }"

    @Test func theTokenEndpointHasAWayOfItsOwn() throws {
        let environment = [
            "https_proxy": "http://u:outer-pw@p:1", "http_proxy": "http://u:inner-pw@q:2", "no_proxy": "inside.example",
        ]
        func connection(_ url: String, _ keys: String = "", warnings: [String] = []) throws -> ConnectionConfiguration {
            let yaml = file(oauth + "\n" + keys, url: url)
            return try configuration(yaml, environment: environment, warnings: warnings).connections[0]
        }
        let unencrypted = "5:5: warning: the token travels unencrypted: use wss"
        let outside = try connection("ws://outside.example", warnings: [unencrypted])
        #expect(
            outside.environmentProxies == [
                "goes through the proxy http://q:2 (http_proxy)",
                "asks for tokens through the proxy http://p:1 (https_proxy)",
            ]
        )
        let secrets = KnownSecrets.values(of: outside)
        #expect(secrets.contains("outer-pw") && secrets.contains("inner-pw"), "S7: both are told a password")
        let inside = try connection("wss://inside.example")
        #expect(inside.environmentProxies == ["asks for tokens through the proxy http://p:1 (https_proxy)"])
        for proxy in ["none", "http://r:3"] {
            #expect(try connection("wss://outside.example", "proxy: \(proxy)").environmentProxies == [])
        }
        // The feed next door may want a token from far away.
        let local = try connection("ws+unix:/run/x.sock", "proxy: http://r:3")
        #expect(try local.proxied.map { try local.proxy.proxy(for: $0.url)?.host }.last == "r")
    }

    @Test func thePasswordsFileIsReadAtEachAttempt() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("first\n", to: "secret")
            let keys = "proxy: { url: 'http://p', username: u, password: { file: \(path) } }"
            let connection = try configuration(file(keys)).connections[0]
            let url = try WebSocketURL("wss://example.com")
            #expect(try connection.proxy.proxy(for: url)?.password == "first")
            #expect(KnownSecrets.values(of: connection).contains("first"))
            #expect(KnownSecrets.values(of: connection).contains("u:first"), "as it goes over the wire, too")
            try folder.write("second\n", to: "secret")
            #expect(try connection.proxy.proxy(for: url)?.password == "second")
        }
    }

    @Test("S7: a password that changed is read once an attempt, and hidden from then on")
    func s7ChangedPassword() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("first-password\n", to: "password")
            let keys = "proxy: { url: 'http://p', username: u, password: { file: \(path) } }"
            let connection = try configuration(file(keys)).connections[0]
            let url = try WebSocketURL("wss://example.com")
            let way = ConnectionProxy(connection.proxy)
            #expect(try way.renew().contains("first-password"))
            try folder.write("second-password\n", to: "password")
            #expect(try way.proxy(for: url)?.password == "first-password")
            #expect(try way.renew().contains("second-password"))
            #expect(try way.proxy(for: url)?.password == "second-password")
        }
    }

    @Test(arguments: [
        (
            "proxy: 10.0.0.1:3128",
            "5:12: proxy: a proxy's URL begins with http://, https:// or socks5://: write http://10.0.0.1:3128"
        ),
        ("proxy: ftp://p", "5:12: proxy: the scheme \"ftp\" is not a proxy's: write http://, https:// or socks5://"),
        (
            "proxy: { username: u, password: p }",
            "5:12: connections.cloud.proxy needs a url, such as http://10.0.0.1:3128"
        ),
        ("proxy: { url: 'http://p', username: u }", "5:12: username and password of a proxy stand together"),
        (
            "proxy: { url: 'http://p', username: u, password: '${NOPE}' }",
            "5:54: the environment variable NOPE isn't set: set it, or write ${NOPE:-default}"
        ),
        ("proxy: { url: 'http://u:p@p' }", "5:19: url: write username and password beside url"),
        (
            "proxy: { url: 'http://p', username: 'a:b', password: p }",
            "5:31: the user name for a proxy can't hold a colon"
        ),
        (
            "proxy: { url: 'http://p', username: \"a\\0b\", password: p }",
            "5:31: the user name for a proxy holds a NUL"
        ),
        (
            "proxy: { url: 'https://p', username: \"a\\eb\", password: p }",
            "5:32: the user name for a proxy holds a control character"
        ),
        ("proxy: { url: 'http://p/x' }", "5:19: url: a proxy's URL ends with the port: write nothing behind it"),
    ])
    func whatIsWrongIsSaid(keys: String, line: String) {
        expect(file(keys), says: [line])
    }

    @Test("S7: a wrong variable is named and not shown, and only where it counts")
    func wrongVariables() {
        let environment = ["https_proxy": "ftp://u:canary@p"]
        expect(
            file(""),
            says: [
                "3:3: the environment variable https_proxy: the scheme \"ftp\" is not a proxy's: write http://, https:// "
                    + "or socks5://, or write proxy: none"
            ],
            environment: environment
        )
        // One line says it for the server and the token endpoint.
        expect(
            file(oauth),
            says: [
                "3:3: the environment variable https_proxy: the scheme \"ftp\" is not a proxy's: write http://, https:// "
                    + "or socks5://, or write proxy: none"
            ],
            environment: environment
        )
        expect(
            file(oauth, url: "ws://127.0.0.1"),
            says: [
                "3:3: the environment variable https_proxy: the scheme \"ftp\" is not a proxy's: write http://, https:// "
                    + "or socks5://, or write proxy: none"
            ],
            environment: environment
        )
        expect(file("proxy: none"), says: [], environment: environment)
        expect(file("", url: "ws://127.0.0.1"), says: [], environment: environment)
    }

    @Test func unixSockets() throws {
        let connection = try configuration(file("", url: "ws+unix:/run/x.sock:/a?b=c")).connections[0]
        #expect(connection.endpoint.socketPath == "/run/x.sock")
        #expect(try connection.endpoint == WebSocketURL("ws+unix:/run/x.sock:/a?b=c"))
        expect(file("bearer_token: ${T}", url: "ws+unix:/run/x.sock"), says: [], environment: ["T": "x"])
        expect(
            file("", url: "ws+unix:run/x.sock"),
            says: [
                "4:10: url: the socket's path begins with a slash and has at most 107 bytes: write "
                    + "ws+unix:/run/feed.sock:/path"
            ]
        )
        expect(
            file("proxy: http://p", url: "ws+unix:/run/x.sock"),
            says: ["5:5: a server on a Unix socket is not behind a proxy: delete proxy"]
        )
    }

    @Test func moreConnectionsThanOpenFilesIsAWarning() throws {
        let outcome = Transcript().load(file(""))
        #expect(OpenFilesCheck.diagnostics(for: outcome, mostAllowed: 1024).isEmpty)
        let warning = try #require(OpenFilesCheck.diagnostics(for: outcome, mostAllowed: 60).first)
        #expect(warning.severity == .warning)
        #expect(warning.message.contains("only 60 are allowed here"))
        #expect(OpenFiles.mostAllowed > 0)
    }

    @Test func aHistoryOfFailuresIsBounded() {
        var history = FailureHistory()
        for number in 0..<12 {
            history.add("reason \(number) " + String(repeating: "x", count: 1000), at: Timestamp(milliseconds: 0))
        }
        #expect(history.entries.count == FailureHistory.most)
        #expect(history.entries.last?.reason.hasPrefix("reason 11 ") == true)
        #expect(history.entries.allSatisfy { $0.reason.count <= FailureHistory.longestReason + 1 })
    }
}
