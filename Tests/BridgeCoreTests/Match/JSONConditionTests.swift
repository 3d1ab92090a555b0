import Testing

@testable import BridgeCore

struct JSONConditionTests {
    @Test(arguments: [
        (JSONPredicate.equals(.string("alarm")), #"{"v":"alarm"}"#, true),
        (.equals(.string("alarm")), #"{"v":"alarms"}"#, false),
        (.equals(.string("alarm")), #"{"v":"Alarm"}"#, false),
        (.equals(.string("alarm")), #"{"v":"\u0061larm"}"#, true),
        (.equals(.string("a\"b")), #"{"v":"a\"b"}"#, true),
        (.equals(.string("a")), #"{"v":"a\ud800"}"#, false),
        (.equals(.string("a\u{FFFD}")), #"{"v":"a\ud800"}"#, false),
        (.equals(.string("1")), #"{"v":1}"#, false),
        (.equals(.string("")), #"{"v":""}"#, true),
        (.equals(.number(1)), #"{"v":1}"#, true),
        (.equals(.number(1)), #"{"v":1.0}"#, true),
        (.equals(.number(1)), #"{"v":10e-1}"#, true),
        (.equals(.number(1)), #"{"v":"1"}"#, false),
        (.equals(.number(0)), #"{"v":-0}"#, true),
        (.equals(.number(0.1)), #"{"v":0.1}"#, true),
        (.equals(.number(1)), #"{"v":true}"#, false),
        (.equals(.bool(true)), #"{"v":true}"#, true),
        (.equals(.bool(true)), #"{"v":false}"#, false),
        (.equals(.bool(true)), #"{"v":"true"}"#, false),
        (.equals(.null), #"{"v":null}"#, true),
        (.equals(.null), "{}", false),
        (.equals(.string("{}")), #"{"v":{}}"#, false),
        (.oneOf([.string("a"), .number(2), .null]), #"{"v":"a"}"#, true),
        (.oneOf([.string("a"), .number(2), .null]), #"{"v":2}"#, true),
        (.oneOf([.string("a"), .number(2), .null]), #"{"v":null}"#, true),
        (.oneOf([.string("a"), .number(2), .null]), #"{"v":3}"#, false),
        (.oneOf([.string("a"), .string("b")]), #"{"v":"\u0062"}"#, true),
        (.oneOf([]), #"{"v":1}"#, false),
        (.exists(true), #"{"v":null}"#, true),
        (.exists(true), #"{"v":{}}"#, true),
        (.exists(true), "{}", false),
        (.exists(true), "v", false),
        (.exists(false), "{}", true),
        (.exists(false), "[]", true),
        (.exists(false), #"{"v":1}"#, false),
        (.exists(false), "v", false),
        (.exists(false), #"{"x":1} and more"#, false),
        (.contains("lar"), #"{"v":"alarm"}"#, true),
        (.contains("lar"), #"{"v":"\u0061\u006Carm"}"#, true),
        (.contains("LAR"), #"{"v":"alarm"}"#, false),
        (.contains("23"), #"{"v":1234}"#, true),
        (.contains("ru"), #"{"v":true}"#, true),
        (.contains(""), #"{"v":"\n"}"#, true),
        (.contains("a"), #"{"v":["a"]}"#, false),
        (.contains("a"), #"{"v":"a\ud800"}"#, false),
        (.contains("v"), "{}", false),
        (.greaterThan(10), #"{"v":10.5}"#, true),
        (.greaterThan(10), #"{"v":10}"#, false),
        (.greaterThan(10), #"{"v":"11"}"#, false),
        (.greaterThan(-1), #"{"v":null}"#, false),
        (.lessThan(0), #"{"v":-1e-7}"#, true),
        (.lessThan(0), #"{"v":0}"#, false),
        (.greaterThan(0), #"{"v":1e400}"#, true),
        (.lessThan(0), #"{"v":-1e400}"#, true),
        (.equals(.number(9_007_199_254_740_993)), #"{"v":9007199254740993}"#, true),
        (.equals(.number(9_007_199_254_740_993)), #"{"v":9007199254740992}"#, false),
        (.equals(.number(9_007_199_254_740_993)), #"{"v":9007199254740992.0}"#, false),
        (.equals(.number(9_007_199_254_740_992)), #"{"v":9007199254740992.5}"#, false),
        (.oneOf([.number(1), .number(-9_223_372_036_854_775_808)]), #"{"v":-9223372036854775807}"#, false),
        (.oneOf([.number(1), .number(-9_223_372_036_854_775_808)]), #"{"v":-9223372036854775808}"#, true),
        (.greaterThan(9_007_199_254_740_992), #"{"v":9007199254740993}"#, true),
        (.lessThan(-9_007_199_254_740_992), #"{"v":-9007199254740993}"#, true),
        (.lessThan(-9_007_199_254_740_993), #"{"v":-9007199254740993}"#, false),
    ])
    func matches(predicate: JSONPredicate, message: String, expected: Bool) throws {
        let matcher = try Matcher(.json(path: "$.v", predicate, caseSensitive: true))
        #expect(matcher.matches(message) == expected)
    }

    @Test("A byte order mark in front is passed over by each predicate, and is no part of what follows")
    func aByteOrderMarkIsPassedOver() throws {
        let predicates: [JSONPredicate] = [
            .equals(.number(1)), .oneOf([.number(1)]), .exists(true), .contains("1"), .greaterThan(0), .lessThan(2),
        ]
        for predicate in predicates {
            let matcher = try Matcher(.json(path: "$.v", predicate, caseSensitive: true))
            #expect(matcher.matches("\u{FEFF}{\"v\":1}"))
            #expect(matcher.matches("\u{FEFF} {\"v\":1}"))
            #expect(!matcher.matches("\u{FEFF}\u{FEFF}{\"v\":1}"))
            #expect(!matcher.matches(" \u{FEFF}{\"v\":1}"))
        }
        #expect(try Matcher(.json(path: "$.v", .exists(false), caseSensitive: true)).matches("\u{FEFF}{}"))
        #expect(try Matcher(.json(path: "$", .equals(.number(7)), caseSensitive: true)).matches("\u{FEFF}7"))
    }

    @Test(arguments: [
        (JSONPredicate.equals(.string("Alarm")), #"{"v":"aLARM"}"#, true),
        (.equals(.string("Alarm")), #"{"v":"\u0041larm"}"#, true),
        (.oneOf([.string("x"), .string("ALARM")]), #"{"v":"alarm"}"#, true),
        (.contains("LAR"), #"{"v":"alarm"}"#, true),
        (.contains("LAR"), #"{"v":"a\u006car"}"#, true),
        (.equals(.string("Ö")), #"{"v":"ö"}"#, false),
    ])
    func ignoresTheCaseOfTheValueIfAsked(predicate: JSONPredicate, message: String, expected: Bool) throws {
        #expect(try Matcher(.json(path: "$.v", predicate, caseSensitive: false)).matches(message) == expected)
    }

    @Test func theCaseOfTheNameAlwaysCounts() throws {
        #expect(try !Matcher(.json(path: "$.V", .exists(true), caseSensitive: false)).matches(#"{"v":1}"#))
    }
}
