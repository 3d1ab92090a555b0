import TLS
import Testing

@testable import WSClient

struct ProxyURLTests {
    @Test(
        arguments: [
            ("http://10.0.0.1:3128", WebSocketProxy.Kind.http, "10.0.0.1", 3128),
            ("http://proxy.example", .http, "proxy.example", 80),
            ("HTTPS://proxy.example/", .https, "proxy.example", 443),
            ("socks5://[2001:db8::1]:9", .socks5, "2001:db8::1", 9),
            ("socks5h://proxy.example", .socks5, "proxy.example", 1080),
        ]
    )
    func isRead(text: String, kind: WebSocketProxy.Kind, host: String, port: Int) throws {
        let proxy = try WebSocketProxy(text)
        #expect(proxy.kind == kind)
        #expect(proxy.host == host)
        #expect(proxy.port == port)
        #expect(proxy.username == nil)
    }

    @Test("S7: a proxy's description hides who we are to it")
    func credentialsAreReadAndHidden() throws {
        let proxy = try WebSocketProxy("http://an%40na:s%3Acret@proxy.example:3128")
        #expect(proxy.username == "an@na")
        #expect(proxy.password == "s:cret")
        #expect("\(proxy)" == "http://proxy.example:3128")
        var shown = ""
        dump(proxy, to: &shown)
        for words in ["\(proxy)", String(reflecting: proxy), shown] {
            #expect(!words.contains("cret") && !words.contains("an@na"))
        }
    }

    @Test(
        arguments: [
            ("proxy.example:3128", WebSocketProxyError.missingScheme),
            ("ftp://proxy.example", .unsupportedScheme("ftp")),
            ("socks4://proxy.example", .unsupportedScheme("socks4")),
            ("http://proxy.example/path", .path),
            ("http://proxy.example?x", .path),
            ("http://", .authority(.host(.missing))),
            ("http://a b", .authority(.forbiddenCharacter(" "))),
            ("http://p:70000", .authority(.invalidPort)),
            ("socks5://user@p", .credentialsLength),
            ("socks5://u:\(String(repeating: "x", count: 256))@p", .credentialsLength),
        ]
    )
    func isRefused(text: String, error: WebSocketProxyError) {
        #expect(throws: error) { try WebSocketProxy(text) }
    }

    @Test("S6: a line break can't be smuggled into what is said to a proxy")
    func lineBreaksAreRefused() {
        #expect(throws: WebSocketProxyError.self) { try WebSocketProxy("http://u%0d%0aX:p@proxy.example") }
        #expect(throws: WebSocketProxyError.self) { try WebSocketProxy("http://proxy\r\n.example") }
    }
}
