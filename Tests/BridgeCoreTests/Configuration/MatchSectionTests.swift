import BridgeCore
import Testing

/// `match` of a route.
struct MatchSectionTests {
    private static let head =
        "connections: { a: { url: wss://a.b }, b: { url: wss://c.d } }\nroutes:\n  r:\n    from: a\n    to: b\n"

    private func match(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> MatchConfiguration?
    {
        try configuration(Self.head + "    match: \(text)\n", sourceLocation: sourceLocation).routes[0].match
    }

    private func expectMatch(_ text: String, says lines: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        expect(Self.head + "    match: \(text)\n", says: lines, sourceLocation: sourceLocation)
    }

    @Test func aTextIsContained() throws {
        #expect(try match("'\"type\":\"trade\"'") == .contains("\"type\":\"trade\"", caseSensitive: true))
        #expect(try match("7") == .contains("7", caseSensitive: true))
    }

    @Test func nothingTakesEveryMessage() throws {
        #expect(try match("") == nil)
        #expect(try match("''") == nil)
    }

    @Test func everyCondition() throws {
        #expect(try match("{ contains: x }") == .contains("x", caseSensitive: true))
        #expect(try match("{ equals: x }") == .equals("x", caseSensitive: true))
        #expect(try match("{ prefix: x }") == .prefix("x", caseSensitive: true))
        #expect(try match("{ suffix: x }") == .suffix("x", caseSensitive: true))
        #expect(try match("{ regex: 'a+' }") == .regex("a+", caseSensitive: true))
        #expect(try match("{ kind: binary }") == .kind(.binary))
        #expect(try match("{ contains: x, case_sensitive: false }") == .contains("x", caseSensitive: false))
        #expect(
            try match("{ all: [ a, { prefix: b } ], case_sensitive: false }")
                == .all([.contains("a", caseSensitive: false), .prefix("b", caseSensitive: false)])
        )
        #expect(
            try match("{ any: [ a, { not: b } ] }")
                == .any([.contains("a", caseSensitive: true), .not(.contains("b", caseSensitive: true))])
        )
    }

    @Test func ofSeveralConditionsAllMustHold() throws {
        #expect(
            try match("{ kind: text, prefix: a }") == .all([.prefix("a", caseSensitive: true), .kind(.text)])
        )
        #expect(
            try match("{ json: $.a, gt: 1, lt: 2.5 }")
                == .all([
                    .json(path: "$.a", .greaterThan(1), caseSensitive: true),
                    .json(path: "$.a", .lessThan(2.5), caseSensitive: true),
                ])
        )
    }

    @Test func jsonValuesHaveTheirYAMLTypes() throws {
        func equals(_ value: String) throws -> JSONScalar? {
            guard case .json(_, .equals(let scalar), _) = try match("{ json: $.a, equals: \(value) }") else {
                return nil
            }
            return scalar
        }
        #expect(try equals("alarm") == .string("alarm"))
        #expect(try equals("7") == .number(7))
        #expect(try equals("-1.5e3") == .number(-1500))
        #expect(try equals("9007199254740993") == .number(9_007_199_254_740_993))
        #expect(try equals("9007199254740993") != .number(9_007_199_254_740_992))
        #expect(try equals("18446744073709551615") != equals("18446744073709551614"))
        #expect(try equals("1e3") == .number(1000))
        #expect(try equals("-0") == .number(0))
        #expect(try equals("\"7\"") == .string("7"))
        #expect(try equals("true") == .bool(true))
        #expect(try equals("\"true\"") == .string("true"))
        #expect(try equals("null") == .null)
        #expect(try equals("yes") == .string("yes"))
        #expect(
            try match("{ json: \"$['a b'][0]\", one_of: [ a, 1, false ] }")
                == .json(path: "$['a b'][0]", .oneOf([.string("a"), .number(1), .bool(false)]), caseSensitive: true)
        )
        #expect(try match("{ json: $.a, exists: false }") == .json(path: "$.a", .exists(false), caseSensitive: true))
        #expect(try match("{ json: $.a, contains: x }") == .json(path: "$.a", .contains("x"), caseSensitive: true))
    }

    @Test func patternsThatDoNotCompile() {
        expectMatch("{ regex: 'a(' }", says: ["6:21: regex: missing closing parenthesis (at character 3)"])
        expectMatch(
            "{ json: a, exists: true }",
            says: ["6:20: json: a JSON path begins with $: write $.name (at character 1)"]
        )
    }

    @Test func conditionsThatMakeNoSense() {
        expectMatch(
            "{ json: $.a }",
            says: ["6:14: json needs a condition beside it: equals, contains, exists, one_of, gt, lt"]
        )
        expectMatch("{ gt: 5 }", says: ["6:14: gt needs json: PATH beside it, such as json: $.type"])
        expectMatch("{ json: $.a, gt: many }", says: ["6:29: gt must be a number, found 'many'"])
        expectMatch(
            "{ all: [] }",
            says: [
                "6:19: all must be a list such as [ { contains: a }, { contains: b } ], found an empty list"
            ]
        )
        expectMatch(
            "{ case_sensitive: false }",
            says: [
                "6:12: match needs at least one of contains, equals, prefix, suffix, regex, json, exists, one_of, gt, lt, "
                    + "kind, all, any, not"
            ]
        )
        expectMatch(
            "[ a, b ]",
            says: [
                "6:12: match must be a text, or a mapping such as { json: $.type, equals: alarm }, found a list: write "
                    + "{ all: [ … ] } or { any: [ … ] }"
            ]
        )
        expectMatch(
            "{ startswith: a }",
            says: [
                "6:12: match needs at least one of contains, equals, prefix, suffix, regex, json, exists, one_of, gt, lt, "
                    + "kind, all, any, not",
                "6:14: unknown key 'startswith' in routes.r.match: did you mean 'prefix'?",
            ]
        )
    }
}
