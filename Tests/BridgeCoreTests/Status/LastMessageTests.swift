import BridgeCore
import NIOCore
import Testing
import WSClient

struct LastMessageTests {
    @Test func publishesAtOnceAndThenAtMostOnceASecond() {
        var last = LastMessage()
        #expect(last.noted("a", at: .milliseconds(0)) == .publish)
        #expect(last.noted("b", at: .milliseconds(400)) == .schedule(after: .milliseconds(600)))
        #expect(last.noted("c", at: .milliseconds(500)) == .doNothing)
        last.timerFired(now: .uptimeNanoseconds(0) + .milliseconds(1000))
        #expect(last.payload(hiding: Redactor())?.message == "c")
        #expect(last.noted("d", at: .milliseconds(1500)) == .schedule(after: .milliseconds(500)))
        last.timerFired(now: .uptimeNanoseconds(0) + .milliseconds(2000))
        #expect(last.noted("e", at: .milliseconds(3000)) == .publish)
    }

    @Test func showsTheFirstKibibyteAndTheWholeSize() {
        var last = LastMessage()
        _ = last.noted(String(repeating: "x", count: 5000), at: .zero)
        let payload = last.payload(hiding: Redactor())
        #expect(payload?.message == String(repeating: "x", count: 1024))
        #expect(payload?.bytes == 5000)
        #expect(payload?.kind == "text")
        #expect(payload?.encoding == nil)
    }

    @Test func doesNotCutACharacterInTwo() {
        var last = LastMessage()
        _ = last.noted(String(repeating: "x", count: 1022) + "€uro", at: .zero)
        #expect(last.payload(hiding: Redactor())?.message == String(repeating: "x", count: 1022))
        _ = last.noted(String(repeating: "x", count: 1021) + "€uro", at: .zero)
        #expect(last.payload(hiding: Redactor())?.message == String(repeating: "x", count: 1021) + "€")
    }

    @Test func aBinaryMessageIsBase64() {
        var last = LastMessage()
        _ = [UInt8(0xFF)].withUnsafeBytes { last.noted($0, kind: .binary, now: .now()) }
        let payload = last.payload(hiding: Redactor())
        #expect(payload?.message == "/w==")
        #expect(payload?.encoding == "base64")
        #expect(payload?.kind == "binary")
    }

    @Test("S7: a secret is hidden in last_sent, also one that is cut off")
    func hidesSecrets() {
        var last = LastMessage()
        let redactor = Redactor(["s3cret-token"])
        _ = last.noted(#"{"auth":"s3cret-token"}"#, at: .zero)
        #expect(last.payload(hiding: redactor)?.message == #"{"auth":"***"}"#)
        _ = last.noted(String(repeating: "x", count: 1018) + "s3cret-token", at: .zero)
        #expect(last.payload(hiding: redactor)?.message == String(repeating: "x", count: 1018) + "***")
    }

    @Test func nothingIsShownBeforeTheFirstMessage() {
        #expect(LastMessage().payload(hiding: Redactor()) == nil)
    }
}

extension LastMessage {
    fileprivate mutating func noted(_ text: String, at time: TimeAmount) -> Pace.Action {
        Array(text.utf8).withUnsafeBytes { noted($0, kind: .text, now: .uptimeNanoseconds(0) + time) }
    }
}
