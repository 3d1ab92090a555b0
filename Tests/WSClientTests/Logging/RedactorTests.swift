import TLS
import Testing

@testable import WSClient

struct RedactorTests {
    @Test func hidesEachSecretTheLongestFirst() {
        let redactor = Redactor(["abcd", "abcdefgh"])
        #expect(redactor.redact("x abcdefgh y abcd z") == "x *** y *** z")
    }

    @Test("S7: a secret that was cut is hidden too")
    func hidesWhatIsLeftOfASecret() {
        let redactor = Redactor(["0123456789abcdef"])
        #expect(redactor.redact("bad token 0123456789abc, sorry") == "bad token ***, sorry")
        #expect(redactor.redact("bad token 01234") == "bad token ***")
        #expect(redactor.redact("0123 is a number") == "0123 is a number")
    }

    @Test func shortValuesAreShown() {
        #expect(Redactor(["abc", ""]).redact("abc") == "abc")
        #expect(Redactor(["abc", ""]).isEmpty)
    }

    @Test("S7: what is known from the start stays hidden for ever, of what changes the newest does")
    func remembersTheNewestOfWhatChanges() {
        var redactor = Redactor(["lasting"])
        redactor.hide((0...Redactor.most).map { "token-\($0)!" })
        #expect(redactor.redact("lasting token-0! token-1!") == "*** token-0! ***")
        #expect(redactor.values.count == Redactor.most + 1)
        redactor.hide(["lasting"])
        #expect(redactor.values.count == Redactor.most + 1)
    }

    @Test(
        "S7: a secret is hidden in whatever way an encoder writes it",
        arguments: [
            #"pass "word" \ /<ä>"#, #"pass \"word\" \\ /<ä>"#, #"pass \"word\" \\ \/<\u00e4>"#,
            #"pass \"word\" \\ /\u003C\u00E4\u003E"#, #"\u0070ass \u0022word\u0022 \u005C \u002f\u003c\u00E4>"#,
            // JSON within JSON, quoted once and twice more.
            #"pass \\\"word\\\" \\\\ \\/<\\u00e4>"#, #"pass \\\\\\\"word\\\\\\\" \\\\\\\\ /<ä>"#,
            // Forms and URLs, digits of either case, encoded twice, and JSON within.
            "pass%20%22word%22%20%5C%20%2F%3C%C3%A4%3E", "pass+%22word%22+%5c+%2f%3c%c3%a4%3e",
            "pass%20%22word%22%20%5C%20/%3c%C3%a4>", "pass%2520%2522word%2522%2520%255C%2520%252F%253C%25C3%25a4%253E",
            "pass%20%5C%22word%5C%22%20%5C%5C%20%5c%2F%3C%C3%A4%3E", "%70%61%73%73+%22word%22+%5C+%2F%3C%C3%A4%3E",
            // Base64 of itself, and as the second half of `anna:…`, in either alphabet, padded or not.
            "cGFzcyAid29yZCIgXCAvPMOkPg==", "cGFzcyAid29yZCIgXCAvPMOkPg", "cGFzcyAid29yZCIgXCAvPMOkPg%3d%3D",
        ]
    ) func hidesOtherForms(text: String) {
        #expect(Redactor([#"pass "word" \ /<ä>"#]).redact("x \(text) y") == "x *** y")
    }

    @Test("S7: base64 of more than the secret hides from where the secret begins, in both alphabets")
    func hidesWithinBase64() {
        // Each `?` and `>` makes `/` and `+` likely.
        let secret = "ca?>~nary?>~?>"
        for before in ["", "a", "ab", "abc", "anna:"] {
            for after in ["", "!", "!!", "!!!"] {
                let standard = Base64.encode(Array((before + secret + after).utf8))
                let urlSafe = standard.replacing("+", with: "-").replacing("/", with: "_")
                for text in [standard, urlSafe, urlSafe.replacing("=", with: ""), standard.replacing("/", with: "\\/")]
                {
                    let shown = Redactor([secret]).redact("x \(text) y")
                    #expect(shown.hasPrefix("x ") && shown.hasSuffix("*** y"), "\(text)")
                    #expect(shown.utf8.count <= 7 + (before.utf8.count * 8 + 5) / 6, "\(text)")
                }
            }
        }
    }

    @Test("S7: a secret that is cut within an escape is hidden too")
    func hidesWhatIsCutWithinAnEscape() {
        for whole in [#"token\"of\"mine"#, "token%22of%22mine", #"token\u0022of\u0022mine"#] {
            for count in 4..<whole.count {
                #expect(Redactor([#"token"of"mine"#]).redact(String(whole.prefix(count))).hasPrefix("***"))
            }
        }
        #expect(Redactor([#"token\?"\mine"#]).redact(#"token\u005C\u003f\u0022\\mine token\\?\"\\mine"#) == "*** ***")
        #expect(Redactor(["token of mine"]).redact("toke… token... tok… token of") == "***… ***... tok… ***")
        #expect(
            Redactor(["a\u{202E}bcd\u{1F6A6}"]).redact(#"<a\u{202e}bcd\u{1f6a6}> \u{} \u{110000} \u{6"#)
                == #"<***> \u{} \u{110000} \u{6"#
        )
        #expect(Redactor(["grüße 🚦 1"]).redact(#"gr\u00fc\u00dfe \ud83d\udea6 1"#) == "***")
        #expect(Redactor(["100%25 sure"]).redact("100%25 sure 100%2525%20sure") == "*** ***")
    }

    @Test("S14: of the base64 behind a secret no more is gone over than is ever shown")
    func endlessBase64HasAnEnd() {
        let more = String(repeating: "A", count: EscapedText.longestBase64 + 10)
        let shown = Redactor(["token of mine"]).redact("x dG9rZW4gb2YgbWluZSAg" + more)
        #expect(shown.hasPrefix("x ***A") && shown.utf8.count < 100)
    }

    @Test("a secret is looked for at either alphabet's digit only where one of its forms begins with it")
    func beginnings() {
        for (secret, digits) in [(">>>>>>", "+-"), ("??????", "/_"), ("canary", "")] {
            let forms = SecretForm.all(of: secret)
            let found = forms.reduce(into: Set<UInt8>()) { $0.formUnion($1.beginnings) }
            #expect(found.intersection("+-/_".utf8) == Set(digits.utf8), "\(secret)")
        }
    }

    @Test("what isn't secret is shown as it is")
    func showsTheRest() {
        let redactor = Redactor([#"se\cr"et"#, "canary-token"])
        for text in [#"{"a":"b\n\u00e9\\"}"#, "100% of %zz %", "\\", "\\u00", "Y2FuYXJ", "canary", "%63%61n"] {
            // "cana" and the like at a text's end may be the beginning of a secret.
            #expect(redactor.redact(text + " .") == text + " .")
        }
    }

    @Test("S14: long rows of escapes cost no more than other text", .timeLimit(.minutes(1)))
    func hostileRowsArePassed() {
        let secrets = (0..<4).map { #"ca\nary"% \#($0)"# }
        for row in [#"\"#, "%25", "%5c", #"\u005c"#, #"\u"#, "2Q==", "..."] {
            let text = String(repeating: row, count: (2 << 10) / row.utf8.count)
            #expect(Redactor(secrets).redact(text) == text)
            Array(String(repeating: text, count: 512).utf8).withUnsafeBytes {
                #expect(PayloadPreview(hiding: secrets).show($0, isText: true).utf8.count < 200)
            }
        }
    }

    @Test("random texts are shown whole or hidden, and never break the redactor")
    func randomTextsPass() {
        var generator = SystemRandomNumberGenerator()
        let redactor = Redactor([#"a\"b%2"#, "\\\\\\\\u", "+ +/ -", "%%%%%%"])
        let alphabet = Array(#"ab\"%25u+/ -0"#.utf8)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let shown = redactor.redact(text)
            #expect(shown.contains(UInt8(ascii: "*")) || shown == text)
        }
    }
}
