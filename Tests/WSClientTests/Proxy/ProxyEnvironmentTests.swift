import Testing

@testable import WSClient

struct ProxyEnvironmentTests {
    private func choice(_ url: String, _ environment: [String: String]) throws -> String? {
        let choice = try ProxyEnvironment(environment).proxy(for: try WebSocketURL(url))
        return choice.map { "\($0.variable) \($0.proxy)" }
    }

    @Test func eachSchemeHasItsVariable() throws {
        let both = ["http_proxy": "http://a:1", "https_proxy": "http://b:2"]
        #expect(try choice("ws://s.example", both) == "http_proxy http://a:1")
        #expect(try choice("wss://s.example", both) == "https_proxy http://b:2")
        #expect(try choice("wss://s.example", ["http_proxy": "http://a:1"]) == nil)
        #expect(try choice("ws://s.example", ["all_proxy": "socks5://c"]) == "all_proxy socks5://c:1080")
        #expect(try choice("ws://s.example", [:]) == nil)
    }

    @Test func lowerCaseGoesBeforeCapitalsAndEmptyIsNone() throws {
        #expect(
            try choice("ws://s.example", ["http_proxy": "http://a:1", "HTTP_PROXY": "http://b:2"])
                == "http_proxy http://a:1"
        )
        #expect(
            try choice("wss://s.example", ["https_proxy": "", "HTTPS_PROXY": "http://b:2"]) == "HTTPS_PROXY http://b:2"
        )
        #expect(try choice("ws://s.example", ["http_proxy": "", "ALL_PROXY": ""]) == nil)
    }

    @Test func aValueWithoutASchemeMeansHTTP() throws {
        #expect(
            try choice("ws://s.example", ["http_proxy": "proxy.example:3128"]) == "http_proxy http://proxy.example:3128"
        )
    }

    @Test func whatIsOnThisMachineNeverGoesThroughAProxy() throws {
        for url in [
            "ws://localhost:9", "ws://127.0.0.1", "ws://127.9.9.9", "ws://[::1]", "ws://x.localhost", "ws+unix:/s",
        ] {
            #expect(try choice(url, ["all_proxy": "http://a:1"]) == nil)
        }
    }

    @Test("S7: a variable that is wrong is named, its value is not shown")
    func aWrongValueIsNamed() throws {
        let environment = ProxyEnvironment(["https_proxy": "ftp://user:canary@p"])
        let url = try WebSocketURL("wss://s.example")
        let problem = #expect(throws: ProxyEnvironment.Problem.self) { try environment.proxy(for: url) }
        #expect(problem?.description.contains("https_proxy") == true)
        #expect(problem?.description.contains("canary") == false)
        #expect(!"\(environment)".contains("canary"))
        #expect(throws: Never.self) { try environment.proxy(for: try WebSocketURL("ws://s.example")) }
    }

    @Test(
        arguments: [
            ("*", "ws://any.example", true),
            ("example.com", "ws://example.com", true),
            ("example.com", "ws://sub.Example.COM", true),
            ("example.com", "ws://notexample.com", false),
            (".example.com", "ws://example.com", true),
            ("*.example.com", "ws://a.example.com", true),
            ("example.com.", "ws://example.com", true),
            ("example.com:8080", "ws://example.com:8080", true),
            ("example.com:8080", "ws://example.com", false),
            ("other.example, 10.0.0.0/8", "ws://10.1.2.3", true),
            ("10.0.0.0/8", "ws://11.1.2.3", false),
            ("10.0.0.0/9", "ws://10.200.0.1", false),
            ("192.0.2.1", "ws://192.0.2.1:99", true),
            ("192.0.2.1:80", "ws://192.0.2.1:99", false),
            ("2001:db8::/32", "ws://[2001:db8::5]", true),
            ("[2001:db8::5]:80", "ws://[2001:db8::5]", true),
            ("0.0.2.1", "ws://192.0.2.1", false),
            ("10.0.0.0/99, , :80", "ws://10.1.2.3", false),
            ("", "ws://any.example", false),
        ]
    )
    func exceptions(list: String, url: String, isExcepted: Bool) throws {
        #expect(try (choice(url, ["http_proxy": "http://a:1", "no_proxy": list]) == nil) == isExcepted)
        #expect(try (choice(url, ["HTTP_PROXY": "http://a:1", "NO_PROXY": list]) == nil) == isExcepted)
    }
}
