import Testing

@testable import BridgeCore

struct PCRE2PatternTests {
    @Test(arguments: [
        (#""type":"(trade|quote)""#, #"{"type":"quote"}"#, true), ("^a.c$", "abc", true), ("^a.c$", "xabc", false),
        ("größe", "die größe", true), ("^.$", "😀", true), ("^..$", "😀", false), (#"(\w)\1"#, "hello", true),
        (#"(?<=a)b"#, "ab", true), ("", "", true), ("x", "", false), (#"\x{1F600}"#, "😀", true), ("a|b", "xb", true),
        ("(?i)ABC", "xabc", true),
    ])
    func matches(pattern: String, message: String, expected: Bool) throws {
        for usesJIT in [true, false] {
            let pattern = try PCRE2Pattern(pattern, foldsCase: false, usesJIT: usesJIT)
            #expect(pattern.matches(message) == expected)
            #expect(pattern.limitHits == 0)
        }
    }

    @Test func theCaseIsIgnoredByUnicodesRules() throws {
        #expect(try PCRE2Pattern("GRÖSSE", foldsCase: true).matches("größe") == false)
        #expect(try PCRE2Pattern("GRÖẞE", foldsCase: true).matches("größe"))
        #expect(try !PCRE2Pattern("A", foldsCase: false).matches("a"))
    }

    @Test func aPayloadThatIsNotUTF8IsSearchedAroundTheFault() throws {
        let payload: [UInt8] = [0xFF, 0xC3] + Array("needle".utf8) + [0x80, 0x00]
        #expect(try PCRE2Pattern("ne+dle", foldsCase: false).matches(payload))
        #expect(try !PCRE2Pattern("^.", foldsCase: false).matches(payload))
        #expect(try !PCRE2Pattern("e.\\x00", foldsCase: false).matches(payload))
    }

    @Test(arguments: [
        ("a(b", 3), ("größe(", 6), ("*a", 0), ("[z-a]", 3), (#"a\C"#, 3), ("(*NO_JIT)a", nil), ("a)", 1),
    ])
    func aFaultSaysWhereItIs(pattern: String, offset: Int?) {
        let error = #expect(throws: MatchError.self) { try PCRE2Pattern(pattern, foldsCase: false) }
        guard case .regex(let found, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        if let offset { #expect(found == offset, "\(reason)") }
        #expect(!reason.isEmpty)
    }

    @Test(
        "S14: a catastrophic regex is given up soon, and counted",
        arguments: [
            ("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
            ("(x+x+)+[yz]", String(repeating: "x", count: 5000)),
        ]
    )
    func givesUpACatastrophe(pattern: String, message: String) throws {
        for usesJIT in [true, false] {
            let pattern = try PCRE2Pattern(pattern, foldsCase: false, usesJIT: usesJIT)
            let time = ContinuousClock().measure { #expect(!pattern.matches(message)) }
            #expect(time < .seconds(5))
            #expect(pattern.limitHits == 1)
            // What is easy to match is still matched.
            #expect(pattern.matches("aaaa") || pattern.matches("xxy"))
            #expect(pattern.limitHits == 1)
        }
    }

    @Test("S14: a payload that stays below the limit at each place is given up too")
    func givesUpManySmallCatastrophes() throws {
        let pattern = try PCRE2Pattern("(a+)+$", foldsCase: false)
        // Each place of each segment takes up to 2^18 steps: hours in all.
        let message = String(repeating: String(repeating: "a", count: 18) + "b", count: 50_000)
        let time = ContinuousClock().measure { #expect(!pattern.matches(message)) }
        #expect(time < .seconds(5))
        #expect(pattern.limitHits == 1)
    }

    @Test func aPatternThatTakesManyStepsOnALongLineStillMatches() throws {
        let pattern = try PCRE2Pattern("x.*y.*z", foldsCase: false)
        let message = "x" + String(repeating: "y-", count: 3000) + "z"
        #expect(pattern.matches(message))
        #expect(pattern.limitHits == 0)
    }
}

extension PCRE2Pattern {
    fileprivate func matches(_ message: String) -> Bool {
        matches(Array(message.utf8))
    }

    fileprivate func matches(_ message: [UInt8]) -> Bool {
        message.withUnsafeBytes { matches($0) }
    }
}
