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
            (["A1, A2, A3, A4, A5, A6"], ["A1", "A2", "A3", "A4", "A5"]),
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
    }
}
