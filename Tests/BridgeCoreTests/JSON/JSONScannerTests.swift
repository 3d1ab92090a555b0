import Testing

@testable import BridgeCore

struct JSONScannerTests {
    @Test(arguments: [
        (#"{"a":1}"#, "$.a", JSONValue.Kind.number, "1"),
        (#" { "a" : 1 } "#, "$.a", .number, "1"),
        (#"{"b":{"a":2},"a":1}"#, "$.a", .number, "1"),
        (#"{"b":[{"a":2},[3]],"a":-1.5e+3}"#, "$.a", .number, "-1.5e+3"),
        (#"{"a":{"b":[10,{"c":true}]}}"#, "$.a.b[1].c", .true, "true"),
        (#"[10,20,30]"#, "$[2]", .number, "30"),
        (#"[[],{},"x"]"#, "$[2]", .string, "x"),
        (#"{"a b":"x","a":"y"}"#, "$['a b']", .string, "x"),
        (#"{"":0}"#, "$['']", .number, "0"),
        (#"{"a":null}"#, "$.a", .null, "null"),
        (#"{"a":false }"#, "$.a", .false, "false"),
        (#"{"a":{"b":1},"c":2}"#, "$.a", .object, #"{"b":1}"#),
        (#"{"a":[1, 2],"c":2}"#, "$.a", .array, "[1, 2]"),
        (#""text""#, "$", .string, "text"),
        (" 5 ", "$", .number, "5"),
        (#"{"x":1} "#, "$", .object, #"{"x":1}"#),
        (#"{"a":"say \"hi\""}"#, "$.a", .escapedString, #"say \"hi\""#),
        (#"{"k\\":1,"a":"\\"}"#, "$.a", .escapedString, #"\\"#),
        (#"{"\u0061":7}"#, "$.a", .number, "7"),
        (#"{"\ud83d\ude00":7}"#, "$.😀", .number, "7"),
        (#"{"größe":7}"#, "$.größe", .number, "7"),
        (#"{"it's":7}"#, #"$['it\'s']"#, .number, "7"),
        (#"{"a\"b":7}"#, #"$['a\"b']"#, .number, "7"),
    ])
    func findsAValue(document: String, path: String, kind: JSONValue.Kind, text: String) throws {
        let found = try lookUp(path, in: document)
        #expect(found == .found(kind, text))
    }

    @Test(arguments: [
        (#"{"a":1}"#, "$.b"), ("{}", "$.a"), ("[]", "$[0]"), ("[1]", "$[1]"), ("5", "$.a"), (#""a""#, "$.a"),
        (#"{"a":1}"#, "$[0]"), ("[1]", "$.a"), (#"{"a":{"b":1}}"#, "$.b"), (#"{"a":[1]}"#, "$.a.b"),
        (#"{"ab":1}"#, "$.a"), (#"{"a":1}"#, "$.ab"), (#"{"A":1}"#, "$.a"), (#"{"x":"a"}"#, "$.a"),
    ])
    func missesWhatIsNotThere(document: String, path: String) throws {
        #expect(try lookUp(path, in: document) == .missing)
    }

    @Test(arguments: [
        "", " ", "hello", "{", #"{"b""#, #"{"b":}"#, #"{"b":1"#, #"{"b":1,}"#, #"{"b" 1}"#, #"{b:1}"#, #"{'b':1}"#,
        #"{"b":01}"#, #"{"b":1.}"#, #"{"b":.5}"#, #"{"b":+1}"#, #"{"b":1e}"#, #"{"b":-}"#, #"{"b":12abc}"#,
        #"{"b":tru}"#, #"{"b":truest}"#, #"{"b":nil}"#, #"{"b":NaN}"#, #"{"b":"\x"}"#, #"{"b":"\u12g4"}"#,
        #"{"b":"\u12"#, #"{"b":"x"#, #"{"b":"\"#, "{\"b\":\"line\nbreak\"}", #"{"b":[1,]}"#, #"{"b":[1}}"#,
        #"{"b":{]}"#, #"{"b":[1 2]}"#, #"{"b":{"c"}}"#, #"{"b":{,}}"#, "{\"b\":\u{0}}",
    ])
    func whatIsNotJSONHasNoValues(document: String) throws {
        #expect(try lookUp("$.a", in: document) == .invalid)
        #expect(try lookUp("$", in: document) == .invalid)
        #expect(!isValid(document))
    }

    @Test func theFirstOfTwoMembersCounts() throws {
        #expect(try lookUp("$.a", in: #"{"a":1,"a":2}"#) == .found(.number, "1"))
        #expect(try lookUp("$.a.b", in: #"{"a":{},"a":{"b":1}}"#) == .missing)
    }

    @Test func whatComesAfterTheAnswerIsNotLookedAt() throws {
        #expect(try lookUp("$.a", in: #"{"a":1,garbage"#) == .found(.number, "1"))
        #expect(try lookUp("$.a", in: #"{"a":"x""#) == .found(.string, "x"))
    }

    @Test func theFoundValueIsCheckedToItsEnd() throws {
        #expect(try lookUp("$.a", in: #"{"a":{"b":1,]}"#) == .invalid)
        #expect(try lookUp("$.a", in: #"{"a":"x"#) == .invalid)
    }

    @Test func aNumberThatMayHaveBeenCutOffIsNone() throws {
        #expect(try lookUp("$.a", in: #"{"a":12"#) == .invalid)
        #expect(try lookUp("$", in: "12") == .found(.number, "12"))
    }

    @Test func theRootIsTheWholeDocument() throws {
        #expect(try lookUp("$", in: #"{"a":1} x"#) == .invalid)
        #expect(try lookUp("$", in: "1 2") == .invalid)
        #expect(try lookUp("$", in: #""a" "b""#) == .invalid)
    }

    @Test("S14: 64 levels are followed, 65 are not")
    func followsSixtyFourLevels() throws {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let deep = { (levels: Int) in
                String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)
            }
            #expect(isValid(deep(64)))
            #expect(!isValid(deep(65)))
            #expect(try lookUp("$.x", in: #"{"b":\#(deep(63)),"x":1}"#) == .found(.number, "1"))
            #expect(try lookUp("$.x", in: #"{"b":\#(deep(64)),"x":1}"#) == .invalid)
        }
        let path = "$" + String(repeating: "[0]", count: 64)
        #expect(try lookUp(path, in: String(repeating: "[", count: 64) + "1]") == .found(.number, "1"))
    }

    @Test("S14: 100,000 nested arrays are refused at once", arguments: ["[", "{\"a\":", "[{\"a\":"])
    func refusesADocumentThatIsAllBrackets(open: String) throws {
        let document = String(repeating: open, count: 100_000)
        #expect(try lookUp("$.x", in: document) != .found(.number, "1"))
        #expect(!isValid(document))
        #expect(try lookUp("$.b", in: #"{"a":\#(document)"#) == .invalid)
    }

    @Test func invalidUTF8InAStringIsPassedAsItIs() {
        let document: [UInt8] = Array(#"{"x":""#.utf8) + [0xFF, 0xC0] + Array(#"","a":1}"#.utf8)
        document.withUnsafeBytes { bytes in
            #expect(JSONScanner.find(JSONPath(steps: [.element(0)], names: [], description: ""), in: bytes) == .missing)
        }
    }
}

/// A lookup's outcome with the value's text in place of its range.
enum LookUp: Equatable {
    case found(JSONValue.Kind, String)
    case missing
    case invalid
}

func lookUp(_ path: String, in document: String) throws -> LookUp {
    let path = try JSONPath(path)
    return Array(document.utf8).withUnsafeBytes { bytes in
        switch JSONScanner.find(path, in: bytes) {
        case .found(let value): .found(value.kind, String(decoding: value.text(in: bytes), as: UTF8.self))
        case .missing: .missing
        case .invalid: .invalid
        }
    }
}

private func isValid(_ document: String) -> Bool {
    Array(document.utf8).withUnsafeBytes { JSONScanner.isValid($0) }
}
