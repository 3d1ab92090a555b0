import Testing

@testable import TLS

struct ReadableTextTests {
    @Test(
        "S10: what breaks a line, steers a terminal or hides is written out",
        arguments: [
            ("\n\r\t", "\\n\\r\\t"), ("\u{0}\u{1B}\u{7F}", "\\u{0}\\u{1b}\\u{7f}"), ("\u{85}\u{9B}", "\\u{85}\\u{9b}"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"), ("\u{61C}\u{202E}\u{2066}", "\\u{61c}\\u{202e}\\u{2066}"),
            ("\u{200B}\u{200D}\u{2060}", "\\u{200b}\\u{200d}\\u{2060}"), ("\u{FEFF}\u{FFF9}", "\\u{feff}\\u{fff9}"),
            ("\u{FFFE}\u{E0041}\u{E000}", "\\u{fffe}\\u{e0041}\\u{e000}"),
        ]
    )
    func writtenOut(text: String, shown: String) {
        #expect(readable(text) == shown)
    }

    @Test(arguments: ["", "plain ~text", "Zürich 東京 😀", "a\\b"])
    func otherTextStays(text: String) {
        #expect(readable(text) == text)
    }

    @Test func longTextIsCut() {
        #expect(readable("abcd", limit: 4) == "abcd")
        #expect(readable("abcde", limit: 4) == "abcd…")
        #expect(readable("\n\n\n", limit: 2) == "\\n\\n…")
    }
}
