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
        "S7: a secret is hidden as JSON and URLs write it, too",
        arguments: [
            #"pass "word" \ /<ä>"#, #"pass \"word\" \\ /<ä>"#, #"pass \"word\" \\ \/<\u00e4>"#,
            #"pass \"word\" \\ /\u003C\u00E4\u003E"#, "pass%20%22word%22%20%5C%20%2F%3C%C3%A4%3E",
            "pass+%22word%22+%5C+%2F%3C%C3%A4%3E",
        ]
    ) func hidesOtherForms(text: String) {
        #expect(Redactor([#"pass "word" \ /<ä>"#]).redact("x \(text) y") == "x *** y")
    }

    @Test func ordinaryTokensHaveOneForm() {
        #expect(SecretForms.all(of: "eyJhbGciOi.J9-_~").count == 1)
    }
}
