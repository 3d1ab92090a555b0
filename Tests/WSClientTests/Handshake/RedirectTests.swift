import Testing

@testable import WSClient

struct RedirectTests {
    private func follow(_ location: String, from url: String, allowed: Int = 1) throws -> String {
        var redirect = Redirect(allowed: allowed)
        let target = try redirect.follow(location, from: WebSocketURL(url))
        return (target.isSecure ? "wss" : "ws") + " \(target.hostHeader) \(target.path)"
    }

    @Test(
        arguments: [
            ("wss://b/x", "ws://a/", "wss b /x"), ("https://b:1/x?y", "ws://a/", "wss b:1 /x?y"),
            ("http://b/", "ws://a/", "ws b /"), ("HTTP://b/", "ws://a/", "ws b /"),
            ("/other?q", "wss://a:8/x/y?z", "wss a:8 /other?q"), ("other", "ws://a/x/y?z", "ws a /x/other"),
            ("?q", "ws://a/x/y?z", "ws a /x/y?q"), ("//b/x", "wss://a/", "wss b /x"),
            ("wss://u:p@b/x#frag", "ws://a/", "wss b /x"),
        ]
    )
    func resolves(location: String, url: String, target: String) throws {
        #expect(try follow(location, from: url) == target)
    }

    @Test("S3: never from wss to ws", arguments: ["ws://a/", "http://a/"])
    func refusesDowngrade(location: String) {
        let error = #expect(throws: ConnectionFailure.self) { try follow(location, from: "wss://a/") }
        #expect(error?.remedy == .person)
        #expect(error?.reason == "server redirects to ws://a/, which is not encrypted: refused")
    }

    @Test("S3: as many as allowed, at most three", arguments: [(0, 0), (1, 1), (3, 3), (10, 3), (-1, 0)])
    func counts(allowed: Int, followed: Int) throws {
        var redirect = Redirect(allowed: allowed)
        let url = try WebSocketURL("ws://a/")
        for _ in 0..<followed { _ = try redirect.follow("/x", from: url) }
        let error = #expect(throws: ConnectionFailure.self) { try redirect.follow("/x", from: url) }
        #expect(error?.remedy == .person)
    }

    @Test(arguments: ["", "ftp://a/", "javascript:alert(1)", "ws://", "/a b", "http://a/\r\nX: y"])
    func refusesWhatIsNoAddress(location: String) {
        let error = #expect(throws: ConnectionFailure.self) { try follow(location, from: "ws://a/") }
        #expect(error?.reason == "server redirects to an address that can't be used")
    }

    @Test("S7: the query of a redirect is not told") func hidesQuery() {
        let error = #expect(throws: ConnectionFailure.self) {
            try follow("wss://canary@b/x?token=canary", from: "ws://a/", allowed: 0)
        }
        #expect(error?.reason == "server redirects to wss://b/x?…, but redirects are not followed")
    }

    @Test(
        "S3: credentials stay with their host",
        arguments: [
            ("ws://a/", "ws://a/x", true), ("ws://a/", "ws://A/x", true), ("ws://a/", "wss://a/", true),
            ("ws://a/", "ws://b/", false), ("ws://a/", "ws://a:81/", false), ("wss://a/", "wss://a.b/", false),
            ("ws://a:8080/", "wss://a/", false),
        ]
    )
    func sharesCredentials(url: String, target: String, shares: Bool) throws {
        #expect(try Redirect.sharesCredentials(WebSocketURL(url), WebSocketURL(target)) == shares)
    }
}
