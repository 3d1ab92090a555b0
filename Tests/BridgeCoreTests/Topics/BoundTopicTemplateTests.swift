import TestSupport
import Testing

@testable import BridgeCore

struct BoundTopicTemplateTests {
    private let context = TemplateContext(instance: "site-12", route: "trades", connection: "cloud")

    @Test(arguments: [
        ("feed/trades", "", "feed/trades"),
        ("feed/{$.s}", #"{"s":"BTC"}"#, "feed/BTC"),
        ("feed/{$.s}/x", #"{"s":"größe 😀"}"#, "feed/größe 😀/x"),
        ("feed/{$.s}", #"{"s":"a\u00e9\"\u20ac\ud83d\ude00"}"#, "feed/aé\"€😀"),
        ("{$.n}", #"{"n":-12.50e3}"#, "-12.50e3"),
        ("{$.n}", #"{"n":true}"#, "true"),
        ("{$.a.b[1]}/{$.s}", #"{"s":"x","a":{"b":[1,2]}}"#, "2/x"),
        ("{instance}/{connection}/{route}", "", "site-12/cloud/trades"),
        ("x-{connection}-y/{$.s}-z", #"{"s":1}"#, "x-cloud-y/1-z"),
        ("in/{topic}", "", "in/plant/line 4/temp"),
        ("{topic[1]}/{topic[0]}", "", "line 4/plant"),
        ("x{$.s}", #"{"s":"$y"}"#, "x$y"),
        ("x{$.s}", #"{"s":""}"#, "x"),
        ("{$.s}{$.t}", #"{"s":"","t":"b"}"#, "b"),
        ("a//{$.s}", #"{"s":"b"}"#, "a//b"),
        ("$aws/things/{$.s}", #"{"s":"b"}"#, "$aws/things/b"),
        ("{{{$.s}}}", #"{"s":"b"}"#, "{b}"),
        ("{$}", #""whole""#, "whole"),
    ])
    func renders(template: String, payload: String, topic: String) throws {
        #expect(try render(template, payload) == .topic(topic))
    }

    @Test(arguments: [
        ("{$.s}", ""), ("{$.s}", "hello"), ("{$.s}", "{}"), ("{$.s}", #"{"s":null}"#), ("{$.s}", #"{"s":"x"#),
        ("{$.a.b}", #"{"a":1}"#), ("{topic[3]}", ""),
    ])
    func whatIsMissingIsSaidToBe(template: String, payload: String) throws {
        #expect(try render(template, payload) == .dropped(.topicFieldMissing))
    }

    @Test func aPlaceThatTheSourceCanNotFillIsMissing() throws {
        let context = TemplateContext(instance: "i", route: "r", connection: nil)
        #expect(try render("a/{connection}", "", context: context) == .dropped(.topicFieldMissing))
        #expect(try render("a/{topic}", "", source: "") == .dropped(.topicFieldMissing))
        #expect(try render("a/{topic[0]}", "", source: "") == .dropped(.topicFieldMissing))
    }

    private static let forbiddenCodes: [UInt32] =
        Array(0...0x1F) + Array(0x7F...0x9F) + [0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF]

    static let forbidden: [String] =
        ["+", "#", "/", "a+b", "a#", "a/b", "/a", "$SYS", "$", "", "a\u{0}b"]
        + forbiddenCodes.compactMap(Unicode.Scalar.init).map { "x\($0)y" }

    @Test("S8: a value never changes the topic's form", arguments: forbidden)
    func refusesAValue(value: String) throws {
        let digits = { (unit: UInt16) in
            let digits = String(unit, radix: 16)
            return String(repeating: "0", count: 4 - digits.count) + digits
        }
        let escaped = value.utf16.map { #"\u"# + digits($0) }.joined()
        #expect(try render("feed/{$.s}", #"{"s":"\#(escaped)"}"#) == .dropped(.topicInvalid))
        // The same unescaped, where JSON allows that.
        if value.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) {
            #expect(try render("{$.s}", #"{"s":"\#(value)"}"#) == .dropped(.topicInvalid))
        }
        #expect(try render("feed/{topic}", "", source: value.isEmpty ? "a//b" : "+\(value)") == .dropped(.topicInvalid))
    }

    @Test("S8: a\\0b never becomes a")
    func refusesNUL() throws {
        #expect(try render("{$.s}", #"{"s":"a\u0000b"}"#) == .dropped(.topicInvalid))
        #expect(try render("{topic}", "", source: "a\u{0}b") == .dropped(.topicInvalid))
        #expect(try render("{topic[0]}", "", source: "a\u{0}b") == .dropped(.topicInvalid))
    }

    @Test(
        "S8: invalid UTF-8 is refused",
        arguments: [
            [0xFF], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
            [0x80],
        ] as [[UInt8]]
    )
    func refusesInvalidUTF8(bytes: [UInt8]) throws {
        let payload = Array(#"{"s":"x"#.utf8) + bytes + Array(#""}"#.utf8)
        #expect(try render("{$.s}", payload, Array("a".utf8)) == .dropped(.topicInvalid))
        #expect(try render("{topic}", [], bytes) == .dropped(.topicInvalid))
    }

    @Test(arguments: [#"{"s":{"a":1}}"#, #"{"s":[1]}"#, #"{"s":1E+5}"#, #"{"s":"\ud800"}"#])
    func whatIsNoLevelIsInvalid(payload: String) throws {
        #expect(try render("{$.s}", payload) == .dropped(.topicInvalid))
    }

    @Test("S8: a level made of several values is looked at as a whole")
    func looksAtWholeLevels() throws {
        #expect(try render("{$.s}$x", #"{"s":""}"#) == .dropped(.topicInvalid))
        #expect(try render("{$.s}{$.t}", #"{"s":"","t":""}"#) == .dropped(.topicInvalid))
        #expect(try render("{$.s}{$.t}", #"{"s":"","t":"$x"}"#) == .dropped(.topicInvalid))
        #expect(try render("a/{$.s}/b", #"{"s":""}"#) == .dropped(.topicInvalid))
        #expect(try render("{topic}", "", source: "$SYS/broker") == .dropped(.topicInvalid))
        #expect(try render("{topic}", "", source: "a/$b") == .dropped(.topicInvalid))
        #expect(try render("{topic[0]}", "", source: "/a") == .dropped(.topicInvalid))
    }

    @Test("S8: at most 65,535 bytes and 200 levels")
    func boundsLengthAndLevels() throws {
        let long = { (count: Int) in #"{"s":"\#(String(repeating: "a", count: count))"}"# }
        #expect(try render("a/{$.s}", long(65_533)) == .topic("a/" + String(repeating: "a", count: 65_533)))
        #expect(try render("a/{$.s}", long(65_534)) == .dropped(.topicInvalid))
        #expect(try render("{$.s}{$.s}{$.s}", long(30_000)) == .dropped(.topicInvalid))
        let escaped = #"{"s":"\n\#(String(repeating: "\\u0061", count: 70_000))"}"#
        #expect(try render("{$.s}", escaped) == .dropped(.topicInvalid))
        let levels = { (count: Int) in Array(repeating: "a", count: count).joined(separator: "/") }
        #expect(try render("x/{topic}", "", source: levels(199)) == .topic("x/" + levels(199)))
        #expect(try render("x/{topic}", "", source: levels(200)) == .dropped(.topicInvalid))
    }

    @Test func namesThatAreNoLevelMakeEachTopicInvalid() throws {
        let context = TemplateContext(instance: "a/b", route: "r", connection: "c")
        #expect(try render("{instance}/x", "", context: context) == .dropped(.topicInvalid))
    }

    @Test func aTopicThatIsAlwaysTheSameNeedsNoRendering() throws {
        #expect(try TopicTemplate("{instance}/{route}/x").bound(to: context).literal == "site-12/trades/x")
        #expect(try TopicTemplate("{instance}/{$.a}").bound(to: context).literal == nil)
    }

    @Test func aFailureLeavesTheOutputAsItWas() throws {
        let template = try TopicTemplate("a/{$.s}").bound(to: context)
        var output = Array("before".utf8)
        let reason = Array(#"{"s":"+"}"#.utf8).withUnsafeBytes { payload in
            template.render(payload: payload, sourceTopic: UnsafeRawBufferPointer(start: nil, count: 0), into: &output)
        }
        #expect(reason == .topicInvalid)
        #expect(output == Array("before".utf8))
    }

    @Test("S8: whatever the payload, the topic keeps its levels and its beginning")
    func randomPayloadsKeepTheForm() throws {
        var random = SeededGenerator(seed: 8)
        let template = try TopicTemplate("lead/{$.a}-{$.b}/{$.c}").bound(to: context)
        let pieces = [
            "a", "+", "#", "/", "$", "\\u0000", "\\n", "\\u0085", "é", "\\\"", "", "\u{FFFF}", "\\ud83d\\ude00",
        ]
        var rendered = 0
        for _ in 0..<5000 {
            let value = { (random: inout SeededGenerator) in
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    Bool.random(using: &random) ? "a" : pieces.randomElement(using: &random) ?? ""
                }.joined()
            }
            let payload = #"{"a":"\#(value(&random))","b":"\#(value(&random))","c":"\#(value(&random))"}"#
            var output: [UInt8] = []
            let reason = Array(payload.utf8).withUnsafeBytes { bytes in
                template.render(
                    payload: bytes,
                    sourceTopic: UnsafeRawBufferPointer(start: nil, count: 0),
                    into: &output
                )
            }
            guard reason == nil else { continue }
            rendered += 1
            let topic = try #require(String(validating: output, as: UTF8.self))
            let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
            #expect(levels.count == 3 && levels[0] == "lead", "\(payload)")
            #expect(levels.allSatisfy { !$0.isEmpty && !$0.hasPrefix("$") }, "\(payload)")
            #expect(TopicName.fault(in: topic) == nil, "\(payload)")
        }
        #expect(rendered > 500)
    }

    private enum Rendering: Equatable {
        case topic(String)
        case dropped(DropReason)
    }

    private func render(
        _ text: String,
        _ payload: String,
        source: String = "plant/line 4/temp",
        context: TemplateContext? = nil
    ) throws -> Rendering {
        try render(text, Array(payload.utf8), Array(source.utf8), context: context)
    }

    private func render(
        _ text: String,
        _ payload: [UInt8],
        _ source: [UInt8],
        context: TemplateContext? = nil
    ) throws -> Rendering {
        let template = try TopicTemplate(text).bound(to: context ?? self.context)
        var output: [UInt8] = []
        let reason = payload.withUnsafeBytes { payload in
            source.withUnsafeBytes { template.render(payload: payload, sourceTopic: $0, into: &output) }
        }
        return reason.map { .dropped($0) } ?? .topic(String(decoding: output, as: UTF8.self))
    }
}
