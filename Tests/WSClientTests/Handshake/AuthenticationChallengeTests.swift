import Testing

@testable import WSClient

struct AuthenticationChallengeTests {
    @Test(
        "RFC 9110 11.6.1: schemes are told from parameters",
        arguments: [
            (["Digest realm=\"a, Basic b\", qop=\"auth\", nonce=\"x\\\"y, Basic\""], ["Digest"]),
            (["Negotiate", "NTLM"], ["Negotiate", "NTLM"]),
            (["Negotiate, NTLM TlRMTVNTUAACAAAA==, Basic realm = \"x\""], ["Negotiate", "NTLM", "Basic"]),
            (["digest a=b", "Digest c=d"], ["digest"]),
            (["Bearer realm=\"x\", error=\"invalid_token\""], ["Bearer"]), (["", " , ,"], []),
            (["a=b, \"c\", <x>"], []),
            ([String(repeating: "x", count: 100)], []),
            (["A1, A2, A3", "A4, A5, A6"], ["A1", "A2", "A3", "A4", "A5", "A6"]),
        ]
    )
    func schemes(lines: [String], schemes: [String]) {
        #expect(AuthenticationChallenge.schemes(lines) == schemes)
    }

    @Test func complainsOnlyIfNoneIsSpoken() {
        let spoken = ["Basic", "Bearer"]
        #expect(
            AuthenticationChallenge.complaint(["Digest realm=\"a\"", "Negotiate"], spoken: spoken)
                == "it asks for Digest or Negotiate, but only Basic and Bearer can be given"
        )
        #expect(AuthenticationChallenge.complaint(["Negotiate", "bEARER"], spoken: spoken) == nil)
        #expect(AuthenticationChallenge.complaint([], spoken: spoken) == nil)
        #expect(AuthenticationChallenge.complaint(["A1, A2, A3, A4, A5, Basic"], spoken: spoken) == nil, "as the sixth")
        #expect(
            AuthenticationChallenge.complaint(["A1, A2, A3, A4, A5, A6"], spoken: spoken)
                == "it asks for A1 or A2 or A3 or A4 or A5, but only Basic and Bearer can be given"
        )
    }

    @Test("S14: thousands of schemes are read in the time of their length", arguments: [4000, 32_000])
    func manySchemes(count: Int) {
        let line = (0..<count).map { "Scheme\($0)" }.joined(separator: ", ")
        var asked: [String] = []
        let time = ContinuousClock().measure { asked = AuthenticationChallenge.schemes([line]) }
        #expect(asked.count == count)
        // Comparing each with each takes half a minute on a quiet machine.
        #expect(time < .seconds(10))
        #expect(AuthenticationChallenge.complaint([line + ", Basic"], spoken: ["Basic"]) == nil)
    }
}
