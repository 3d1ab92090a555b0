import TLS
import Testing

@testable import WSClient

struct WebSocketURLTests {
    @Test(
        arguments: [
            ("ws://example.com", false, "example.com", 80, "/"),
            ("wss://example.com", true, "example.com", 443, "/"),
            ("WSS://Example.com/Feed", true, "Example.com", 443, "/Feed"),
            ("ws://example.com:8080/a/b?c=d&e=%20f", false, "example.com", 8080, "/a/b?c=d&e=%20f"),
            ("wss://example.com?token=x", true, "example.com", 443, "/?token=x"),
            ("ws://[::1]:9/", false, "::1", 9, "/"),
            ("ws://[2001:db8::1]/x", false, "2001:db8::1", 80, "/x"),
            ("ws://127.0.0.1:65535/", false, "127.0.0.1", 65535, "/"),
            ("ws://example.com:/x", false, "example.com", 80, "/x"),
            ("ws://example.com:0/x", false, "example.com", 80, "/x"),
            ("ws://a_b-c.d/@x:y", false, "a_b-c.d", 80, "/@x:y"),
        ]
    )
    func readsParts(text: String, isSecure: Bool, host: String, port: Int, path: String) throws {
        let url = try WebSocketURL(text)
        #expect(url.isSecure == isSecure)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.path == path)
        #expect(url.userInfo == nil)
    }

    @Test(
        "RFC 6874: a zone is kept for this machine, and told to no server",
        arguments: ["ws://[fe80::1%25eth0]:8080/feed", "ws://[fe80::1%eth0]:8080/feed"]
    )
    func zones(text: String) throws {
        let url = try WebSocketURL(text)
        #expect(url.host == "fe80::1%eth0")
        #expect(url.hostHeader == "[fe80::1]:8080")
        #expect(url.authority == "[fe80::1]:8080")
        #expect(url.server == "[fe80::1%eth0]:8080")
        #expect("\(url)" == "ws://[fe80::1%25eth0]:8080/feed")
        #expect(try url.withPath("/other").host == url.host)
        #expect(try WebSocketURL("\(url)") == url)
        #expect(try WebSocketURL("ws://[fe80::1%2525g0]/").host == "fe80::1%25g0")
    }

    @Test func decodesUserNameAndPassword() throws {
        let url = try WebSocketURL("wss://an%40na:pa%3Ass@example.com/x")
        #expect(url.userInfo == "an@na:pa:ss")
        #expect(url.host == "example.com")
    }

    @Test(
        arguments: [
            ("", WebSocketURLError.empty),
            ("example.com/feed", .missingScheme),
            ("localhost:8080", .missingScheme),
            ("http://example.com", .unsupportedScheme("http")),
            ("ftp://example.com", .unsupportedScheme("ftp")),
            ("ws://", .host(.missing)),
            ("ws:///feed", .host(.missing)),
            ("ws://user@/feed", .host(.missing)),
            ("ws://::1/feed", .unbracketedIPv6),
            ("ws://[::1/feed", .invalidIPv6),
            ("ws://[zz::1]/feed", .invalidIPv6),
            ("ws://[fe80::1%]/feed", .host(.zone)), ("ws://[fe80::1]/feed", .host(.noZone)),
            ("ws://[fe80::1%25a%2Fb]/feed", .host(.zone)),
            ("ws://[10.0.0.1%25eth0]/feed", .invalidIPv6),
            ("ws://[::1]x/feed", .notAHost),
            ("ws://exa%6Dple.com/", .host(.forbiddenCharacter)),
            ("ws://example.com:65536/", .invalidPort),
            ("ws://example.com:+80/", .invalidPort),
            ("ws://example.com:port/", .invalidPort),
            ("ws://example.com/#top", .fragment),
            ("ws://example.com/a b", .forbiddenCharacter(" ")),
            ("ws://example.com/a\r\nX: y", .forbiddenCharacter("\r")),
            ("ws://example.com/a\u{0}", .forbiddenCharacter("\u{0}")),
            ("ws://exämple.com/", .forbiddenCharacter("ä")),
            ("ws://example.com/%2", .invalidPercentEncoding),
            ("ws://example.com/%zz", .invalidPercentEncoding),
            ("ws://us%ffer@example.com/", .invalidPercentEncoding),
            ("ws://us%0Aer@example.com/", .forbiddenCharacter("\n")),
        ]
    )
    func refuses(text: String, error: WebSocketURLError) {
        #expect(throws: error) { try WebSocketURL(text) }
    }

    @Test(
        arguments: [
            ("http://example.com/x", "write ws:// instead of http://"),
            ("example.com", "write ws://HOST/PATH"),
            ("ws://::1/x", "write [::1]"),
            ("ws://example.com/a b", "write %20 instead"),
            ("ws://example.com/é", "write %C3%A9 instead"),
            ("ws://example.com/x#y", "write %23"),
        ]
    )
    func saysWhatToWriteInstead(text: String, advice: String) {
        let error = #expect(throws: WebSocketURLError.self) { try WebSocketURL(text) }
        #expect(error?.description.contains(advice) == true)
    }

    @Test(
        arguments: [
            ("wss://example.com", WebSocketURLError.host(.notAnAddress)),
            ("example.com/feed", .host(.forbiddenCharacter)),
            ("user:secret@example.com", .host(.notAnAddress)),
            ("example.com:80", .host(.notAnAddress)),
            ("", .host(.missing)),
        ]
    )
    func refusesAsHost(text: String, error: WebSocketURLError) {
        #expect(throws: error) { try WebSocketURL(isSecure: true, host: text) }
    }

    @Test func takesPartsWrittenOneByOne() throws {
        #expect(try WebSocketURL(isSecure: true, host: "::1").hostHeader == "[::1]")
        #expect(try WebSocketURL(isSecure: false, host: "[::1]", port: 81, path: "/x?y").hostHeader == "[::1]:81")
        #expect(try WebSocketURL(isSecure: false, host: "h", path: "/x?y").path == "/x?y")
        #expect(throws: WebSocketURLError.relativePath) { try WebSocketURL(isSecure: true, host: "h", path: "x") }
        #expect(throws: WebSocketURLError.invalidPort) { try WebSocketURL(isSecure: true, host: "h", port: -1) }
    }

    @Test("S7: a URL never shows user name, password or query") func showsNoSecret() throws {
        let url = try WebSocketURL("wss://canary-user:canary-password@example.com:444/feed?token=canary-query")
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), dumped] {
            #expect(!text.contains("canary"))
        }
        #expect("\(url)" == "wss://example.com:444/feed?…")
    }
}
