import Testing

@testable import WSClient

struct UnixSocketURLTests {
    @Test(
        arguments: [
            ("ws+unix:/run/x.sock", "/run/x.sock", "/"),
            ("ws+unix:/run/x.sock:/path?q=1", "/run/x.sock", "/path?q=1"),
            ("ws+unix:///run/x.sock", "/run/x.sock", "/"),
            ("WS+UNIX:///run/x.sock:/a:b", "/run/x.sock", "/a:b"),
            ("ws+unix:/run/a%20b.sock:/", "/run/a b.sock", "/"),
            ("ws+unix:/run/x.sock?q", "/run/x.sock", "/?q"),
        ]
    )
    func isRead(text: String, socket: String, path: String) throws {
        let url = try WebSocketURL(text)
        #expect(url.socketPath == socket)
        #expect(url.path == path)
        #expect(url.hostHeader == "localhost")
        #expect(!url.isSecure)
        #expect(url.server == socket)
    }

    @Test(
        arguments: [
            ("ws+unix:run/x.sock", WebSocketURLError.invalidSocketPath), ("ws+unix:", .invalidSocketPath),
            ("ws+unix://host/x.sock", .invalidSocketPath), ("ws+unix:/run/x.sock:path", .relativePath),
            ("ws+unix:/run/x.sock:/p#f", .fragment), ("ws+unix:/run/%zz", .invalidPercentEncoding),
            ("ws+unix:/run/%00", .invalidSocketPath),
            ("ws+unix:/" + String(repeating: "x", count: 108), .invalidSocketPath),
        ]
    )
    func isRefused(text: String, error: WebSocketURLError) {
        #expect(throws: error) { try WebSocketURL(text) }
    }

    @Test("S7: the query is not shown")
    func theQueryIsNotShown() throws {
        #expect("\(try WebSocketURL("ws+unix:/run/x.sock:/p?token=canary"))" == "ws+unix:/run/x.sock:/p?…")
    }

    @Test("S3: credentials never follow a redirect from one socket or host to another")
    func credentialsStayWithTheSocket() throws {
        let home = try WebSocketURL("ws+unix:/run/x.sock:/a")
        var redirect = Redirect(allowed: 3)
        let near = try redirect.follow("/b", from: home)
        #expect(near.socketPath == "/run/x.sock" && near.path == "/b")
        #expect(Redirect.sharesCredentials(home, near))
        let far = try redirect.follow("http://localhost/b", from: home)
        #expect(far.socketPath == nil)
        #expect(!Redirect.sharesCredentials(home, far))
        #expect(throws: ConnectionFailure.self) { try redirect.follow("ws+unix:/run/docker.sock:/x", from: home) }
    }
}
