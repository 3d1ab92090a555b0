import Testing
import WSClient

@testable import BridgeCore

/// What a connection hides in messages.
struct KnownSecretsTests {
    private func shown(_ text: String, by keys: String) throws -> String {
        let connection = try configuration("connections: { a: { \(keys) } }\nroutes: {}\n").connections[0]
        return Redactor(KnownSecrets.values(of: connection)).redact(text)
    }

    @Test("S7: each value of a query, by whatever name or none, as written and decoded")
    func queryValues() throws {
        let url = "url: 'wss://a.b/x?feed=tr%2fad%20es&empty=&flag1&b=c+d%2Be+f&a=x=yz==#'".replacing("#", with: "")
        for text in ["tr%2fad%20es", "tr/ad es", "tr%2Fad+es", "flag1", "c+d%2Be+f", "c+d+e+f", "c d+e f", "x=yz=="] {
            #expect(try shown("<\(text)>", by: url) == "<***>")
        }
        #expect(try shown("feed, empty, /x", by: url) == "feed, empty, /x")
        let usual = "url: 'wss://a.b/?EIO=4&transport=websocket'"
        #expect(try shown("42 no Upgrade: websocket", by: usual) == "42 no Upgrade: websocket")
        let oauth =
            "url: wss://a.b, oauth2: { token_url: 'https://a.b/?sig=abcd%2Fefgh', client_id: a, client_secret: secret }"
        #expect(try shown("abcd/efgh secret", by: oauth) == "*** ***")
    }

    @Test("S7: what goes in base64 is hidden with the name in front of it")
    func pairs() throws {
        #expect(try shown("Basic YW5uYTpzM2NyZXQ=!", by: "url: 'wss://anna:s3cret@a.b'") == "Basic ***!")
        #expect(
            try shown("YW5uYTpzM2NyZXQ", by: "url: wss://a.b, basic_auth: { username: anna, password: s3cret }")
                == "***"
        )
        let proxy = "url: wss://a.b, proxy: { url: 'http://p', username: anna, password: s3cret }"
        #expect(try shown("anna:s3cret YW5uYTpzM2NyZXQ", by: proxy) == "*** ***")
    }

    @Test("S7: a header whose name tells of a secret, and a token among the subprotocols")
    func names() throws {
        #expect(
            try shown("value-1 value-2", by: "url: wss://a.b, headers: { X-Session: value-1, X-Site: value-2 }")
                == "*** value-2"
        )
        let token = "url: wss://a.b, subprotocols: [ feed.v1, Bearer, abcdef, base64url.auth.k8s.io.xyz ]"
        #expect(try shown("feed.v1 abcdef base64url.auth.k8s.io.xyz", by: token) == "feed.v1 *** ***")
    }
}
