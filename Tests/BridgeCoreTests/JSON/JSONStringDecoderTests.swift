import Testing

@testable import BridgeCore

struct JSONStringDecoderTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), (#"a\"b"#, "a\"b"), (#"\\\/"#, "\\/"), (#"\b\f\n\r\t"#, "\u{8}\u{C}\n\r\t"),
        (#"\u0041\u00e9\u20AC"#, "Aé€"), (#"x\ud83d\ude00y"#, "x😀y"), (#"\u0000"#, "\u{0}"), ("größe", "größe"),
        (#"\uffff"#, "\u{FFFF}"),
    ])
    func decodes(text: String, meaning: String) {
        #expect(decode(text) == meaning)
    }

    @Test(arguments: [
        #"\"#, #"\x"#, #"\u"#, #"\u12"#, #"\u12g4"#, #"\ud800"#, #"\ud800x"#, #"\ud800\n"#, #"\ud800\u0041"#,
        #"\udc00"#,
        #"\ude00\ud83d"#,
    ])
    func anEscapeThatStandsForNothingIsMalformed(text: String) {
        #expect(decode(text) == nil)
    }

    private func decode(_ text: String) -> String? {
        JSONStringDecoder.decode(ContiguousArray(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }
}
