import Testing

@testable import BridgeCore

struct JSONPathTests {
    @Test(arguments: [
        "$", "$.name", "$.a.b.c", "$[0]", "$.list[12].name", "$['any name']", "$['a.b']['c[0]']", "$.snake_case",
        "$.kebab-case", "$.größe", "$['it\\'s']", "$['']", "$.0",
    ])
    func readsAPath(text: String) throws {
        let path = try JSONPath(text)
        #expect(path.description == text)
    }

    @Test(arguments: [
        ("$.a['b']", "$['a'].b"),
        ("$['\\u0061']", "$.a"),
        ("$['\\ud83d\\ude00']", "$.😀"),
    ])
    func theSameNameCanBeWrittenInSeveralWays(one: String, other: String) throws {
        #expect(try JSONPath(one).steps == JSONPath(other).steps)
        #expect(try JSONPath(one).names == JSONPath(other).names)
    }

    @Test(arguments: [
        ("", 0, "begins with $"),
        ("name", 0, "write $.name"),
        ("$name", 1, "expected .name"),
        ("$.", 2, "a name is missing"),
        ("$.a..b", 4, "`..`"),
        ("$.*", 2, "no wildcards"),
        ("$.a b", 3, "['any name']"),
        ("$.a.[0]", 4, "$.a[0]"),
        ("$[*]", 2, "no wildcards"),
        ("$[-1]", 2, "from the first"),
        ("$[?(@.x)]", 2, "no filters"),
        ("$[\"a\"]", 2, "single quotes"),
        ("$['a", 2, "closing quote"),
        ("$['a'", 5, "expected ]"),
        ("$['\\x']", 2, "unknown escape"),
        ("$['\\ud800']", 2, "unknown escape"),
        ("$[01]", 2, "write [1]"),
        ("$[1:2]", 3, "expected ]"),
        ("$[99999999999999999999]", 12, "too large"),
        ("$[", 2, "expected ['name'] or [0]"),
        ("$.größe!", 7, "expected .name"),
    ])
    func aFaultSaysWhereItIsAndWhatToWrite(text: String, offset: Int, hint: String) {
        let error = #expect(throws: JSONPathError.self) { try JSONPath(text) }
        #expect(error?.offset == offset)
        #expect(error?.reason.contains(hint) == true, "\(error?.reason ?? "no error")")
    }

    @Test func goesNoDeeperThanTheScannerFollows() throws {
        #expect(throws: Never.self) { try JSONPath("$" + String(repeating: ".a", count: 64)) }
        #expect(throws: JSONPathError.self) { try JSONPath("$" + String(repeating: ".a", count: 65)) }
    }
}
