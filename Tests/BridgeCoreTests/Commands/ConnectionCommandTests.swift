import BridgeCore
import NIOCore
import Testing

struct ConnectionCommandTests {
    @Test func connectTakesNothingOrAToken() throws {
        #expect(try command("connect", "") == .connect(bearerToken: nil))
        #expect(try command("connect", "{}") == .connect(bearerToken: nil))
        #expect(try command("connect", #"{"bearer_token": null}"#) == .connect(bearerToken: nil))
        #expect(try command("connect", #"{"bearer_token": "abc"}"#) == .connect(bearerToken: "abc"))
        #expect(try command("connect", "\u{FEFF}{\"bearer_token\": \"abc\"}") == .connect(bearerToken: "abc"))
    }

    @Test(arguments: [
        "{", "abc", "[]", #"{"bearer_token": 7}"#, #""token""#, #"{"bearer_tokn": "abc"}"#,
        #"{"bearer_token": "abc", "token": "abc"}"#,
    ])
    func malformedJSONIsRefused(payload: String) {
        #expect(throws: ConnectionCommandError.malformedBody) { try command("connect", payload) }
    }

    @Test("S6: a token can't bring a header of its own", arguments: ["a\\r\\nX: y", "", "a b", "ä"])
    func unusableTokensAreRefused(token: String) {
        #expect(throws: ConnectionCommandError.unusableToken) {
            try command("connect", #"{"bearer_token": "\#(token)"}"#)
        }
    }

    @Test func sendTakesThePayloadAsItIs() throws {
        #expect(try command("send", "hello") == .send(ByteBuffer(string: "hello")))
    }

    @Test func otherWordsAreRefused() {
        #expect(throws: ConnectionCommandError.unknownWord("reboot")) { try command("reboot", "") }
    }

    @Test("S7: an error never shows the payload")
    func errorsShowNoPayload() {
        do {
            _ = try command("connect", #"{"bearer_token": "canary secret"}"#)
            Issue.record("the token was accepted")
        } catch {
            #expect(!"\(error)".contains("canary"))
        }
    }
}

private func command(_ word: String, _ payload: String) throws -> ConnectionCommand {
    try ConnectionCommand(word: word, payload: ByteBuffer(string: payload))
}
