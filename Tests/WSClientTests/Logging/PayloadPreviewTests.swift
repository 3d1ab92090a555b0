import Testing

@testable import WSClient

struct PayloadPreviewTests {
    private func show(_ payload: String, hiding secrets: [String] = [], isText: Bool = true) -> String {
        Array(payload.utf8).withUnsafeBytes { PayloadPreview(hiding: secrets).show($0, isText: isText) }
    }

    @Test func showsShortTextAsItIs() {
        #expect(show("{\"op\":\"subscribe\"}") == "{\"op\":\"subscribe\"}")
        #expect(show("grüße 🚦") == "grüße 🚦")
        #expect(show("") == "")
    }

    @Test func cutsLongText() {
        #expect(show(String(repeating: "x", count: 128)) == String(repeating: "x", count: 128))
        #expect(show(String(repeating: "x", count: 129)) == String(repeating: "x", count: 128) + "…")
    }

    @Test("S10: control characters are escaped") func escapes() {
        #expect(show("a\r\n\u{1B}[31m\u{0}\u{202E}b\u{2028}") == "a\\r\\n\\u{1b}[31m\\u{0}\\u{202e}b\\u{2028}")
    }

    @Test func showsBinaryInHexadecimal() {
        #expect(show("\u{1}\u{7F}z", isText: false) == "017f7a")
    }

    @Test("S7: secrets are hidden, wherever they lie") func hidesSecrets() {
        #expect(show("canary", hiding: ["canary"]) == "(hidden)")
        #expect(show("a canary, a canary", hiding: ["canary"]) == "a (hidden), a (hidden)")
        #expect(show("xcanaryx", hiding: ["canary"], isText: false) == "78(hidden)78")
        #expect(show("abc", hiding: ["", "longer than the payload"]) == "abc")
        #expect(show("ccanarycanary", hiding: ["canary", "canarycanary"]) == "c(hidden)")
    }

    @Test("S7: a secret that the end of the preview cuts is hidden too") func hidesCutSecrets() {
        for start in 100...140 {
            let payload = String(repeating: "x", count: start) + "canary-of-twenty-char" + "yyy"
            let shown = show(payload, hiding: ["canary-of-twenty-char"])
            #expect(!shown.contains("c"), "\(start)")
        }
    }
}
