import NIOCore
import TestSupport
import Testing

@testable import WSClient

/// What a server says about its refusal is in the reason: text and JSON, a little of it, nothing secret.
struct RefusalTests {
    private let text = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\n"
    private let answer = "server answered 403 Forbidden; look at the token or password"

    private func connecting(
        _ url: String = "ws://example.com/feed",
        secrets: [String] = []
    ) throws -> ClientHarness {
        let harness = try ClientHarness(url) { $0.secrets = secrets }
        harness.client.connect()
        try harness.accept()
        return harness
    }

    private func reason(of wire: String..., secrets: [String] = []) throws -> String? {
        let harness = try connecting(secrets: secrets)
        for part in wire { try harness.receive(part) }
        return harness.client.status.reason
    }

    private func framed(_ body: String, type: String = "text/plain") -> String {
        "HTTP/1.1 403 Forbidden\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test(
        arguments: [
            ("text/plain", "no such site"), ("application/json", #"{"error":"token expired"}"#),
            ("Application/Problem+JSON", #"{"title":"no"}"#),
        ]
    )
    func textAndJSONAreShownWhereverTheyAreCut(type: String, body: String) throws {
        for wire in [
            framed(body, type: type),
            "HTTP/1.1 403 Forbidden\nContent-Type: \(type)\nTransfer-Encoding: chunked\n\n"
                + body.map { "1\r\n\($0)\r\n" }.joined() + "0\r\n\r\n",
        ] {
            for cut in 0...wire.utf8.count {
                let bytes = Array(wire.utf8)
                let harness = try connecting()
                try harness.receive(ByteBuffer(bytes: bytes[..<cut]))
                try harness.receive(ByteBuffer(bytes: bytes[cut...]))
                #expect(harness.client.status.reason == "\(answer); it says \"\(body)\"", "cut at \(cut)")
                #expect(harness.client.status.state == .backoff)
            }
        }
    }

    @Test func pagesAndBinaryDataAreNot() throws {
        #expect(try reason(of: framed("<html>no</html>", type: "text/html")) == answer)
        #expect(try reason(of: framed("<html>no</html>")) == answer)
        #expect(try reason(of: framed("no", type: "application/octet-stream")) == answer)
        #expect(try reason(of: framed("a\u{0}b")) == answer)
        #expect(try reason(of: framed(" \r\n ")) == answer)
        let packed =
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx"
        #expect(try reason(of: packed) == answer)
        // Without a type, text that says where it ends.
        #expect(try reason(of: "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno") == answer + "; it says \"no\"")
        #expect(try reason(of: "HTTP/1.1 403 Forbidden\r\n\r\nno") == answer)
    }

    @Test("S10: control characters are escaped, and no more than 200 bytes are shown") func isPrintableAndShort() throws
    {
        #expect(try reason(of: framed("a\u{1B}[2J\r\nforged\n")) == answer + "; it says \"a\\u{1b}[2J\\r\\nforged\"")
        let long = try reason(of: framed(String(repeating: "x", count: 5000)))
        #expect(long == answer + "; it says \"" + String(repeating: "x", count: 200) + "…\"")
        let wide = try reason(of: framed(String(repeating: "é", count: 150)))
        #expect(wide == answer + "; it says \"" + String(repeating: "é", count: 100) + "…\"")
    }

    @Test("S7: what the server says back of our secrets is hidden, also where the text is cut") func hidesSecrets()
        throws
    {
        let said = try reason(of: framed("who is canary-token?"), secrets: ["canary-token"])
        #expect(said == answer + "; it says \"who is ***?\"")
        let json = try reason(of: framed(#"{"t":"canary\/\"token"}"#), secrets: ["canary/\"token"])
        #expect(json == answer + #"; it says "{"t":"***"}""#)
        for length in 185..<205 {
            let body = String(repeating: "x", count: length) + "canary-token-that-is-long"
            let cut = try reason(of: framed(body), secrets: ["canary-token-that-is-long"])
            #expect(cut?.contains("can") == false, "\(length)")
        }
        let inURL = try connecting("ws://anna:canary-pass@example.com/feed")
        try inURL.receive(framed("Basic YW5uYTpjYW5hcnktcGFzcw== is wrong"))
        #expect(inURL.client.status.reason == answer + "; it says \"*** is wrong\"")
    }

    @Test func aBodyThatDoesNotComeHoldsNothingUpBeyondTheDeadline() throws {
        let harness = try connecting()
        try harness.receive(text + "Content-Length: 100\r\n\r\nbad tok")
        harness.advance(by: .milliseconds(9900))
        #expect(harness.client.status.state == .connected)
        harness.advance(by: .milliseconds(100))
        #expect(harness.client.status.reason == answer + "; it says \"bad tok\"")
    }

    @Test func aBodyWithoutLengthEndsWithSilenceOrTCP() throws {
        let silent = try connecting()
        try silent.receive(text + "\r\nbad ")
        silent.advance(by: .milliseconds(900))
        try silent.receive("token")
        silent.advance(by: .milliseconds(900))
        #expect(silent.client.status.state == .connected)
        silent.advance(by: .milliseconds(100))
        #expect(silent.client.status.reason == answer + "; it says \"bad token\"")

        let ended = try connecting()
        try ended.receive(text + "\r\nbad token")
        ended.drop()
        #expect(ended.client.status.reason == answer + "; it says \"bad token\"")
    }

    @Test func aCommandEndsTheWaiting() throws {
        let harness = try connecting()
        try harness.receive(text + "Content-Length: 100\r\n\r\nbad")
        harness.client.disconnect()
        #expect(harness.client.status.state == .disconnected)
        harness.advance(by: .seconds(20))
        #expect(harness.client.status.reason == "disconnected by command")
    }

    @Test("RFC 9112 2.2: a handshake whose lines end with LF alone succeeds") func linesWithoutCR() throws {
        let harness = try ClientHarness { $0.subprotocols = ["feed.v1"] }
        harness.client.connect()
        try harness.accept()
        let key = try harness.sent().split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }?.dropFirst(
            19
        )
        let accept = HandshakeKey(text: String(key ?? "")).accept
        try harness.receive(
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n"
                + "Sec-WebSocket-Accept: \(accept)\nSec-WebSocket-Protocol:\n\n"
        )
        #expect(harness.client.status.state == .established)
    }
}
