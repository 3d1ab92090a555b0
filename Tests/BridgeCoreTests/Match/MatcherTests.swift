import NIOCore
import Testing

@testable import BridgeCore

struct MatcherTests {
    @Test(arguments: [
        (MatchConfiguration.contains(#""type":"trade""#, caseSensitive: true), #"{"type":"trade"}"#, true),
        (.contains("trade", caseSensitive: true), "TRADE", false),
        (.contains("trade", caseSensitive: false), "my TRADEs", true),
        (.contains("", caseSensitive: true), "", true),
        (.contains("*", caseSensitive: true), "abc", false),
        (.equals("ping", caseSensitive: true), "ping", true),
        (.equals("ping", caseSensitive: true), "ping ", false),
        (.equals("ping", caseSensitive: true), "Ping", false),
        (.equals("ping", caseSensitive: false), "PinG", true),
        (.equals("", caseSensitive: true), "", true),
        (.equals("", caseSensitive: true), "x", false),
        (.prefix("{", caseSensitive: true), "{}", true),
        (.prefix("ab", caseSensitive: false), "ABc", true),
        (.prefix("ab", caseSensitive: true), "a", false),
        (.suffix("}", caseSensitive: true), "{}", true),
        (.suffix("BC", caseSensitive: false), "abc", true),
        (.suffix("bc", caseSensitive: true), "c", false),
        (.all([.prefix("a", caseSensitive: true), .suffix("z", caseSensitive: true)]), "abz", true),
        (.all([.prefix("a", caseSensitive: true), .suffix("z", caseSensitive: true)]), "ab", false),
        (.any([.prefix("a", caseSensitive: true), .suffix("z", caseSensitive: true)]), "ab", true),
        (.any([.prefix("a", caseSensitive: true), .suffix("z", caseSensitive: true)]), "b", false),
        (.not(.contains("test", caseSensitive: true)), "a test", false),
        (.not(.contains("test", caseSensitive: true)), "an exam", true),
    ])
    func matchesText(match: MatchConfiguration, message: String, expected: Bool) throws {
        #expect(try Matcher(match).matches(message) == expected)
    }

    @Test(arguments: [
        (MessageKind.text, MessageKind.text, "x", true), (.text, .binary, "x", false), (.binary, .binary, "x", true),
        (.binary, .text, "x", false), (.text, .undeclared, "größe", true), (.binary, .undeclared, "größe", false),
    ])
    func matchesAKind(wanted: MessageKind, kind: MessageKind, message: String, expected: Bool) throws {
        #expect(try Matcher(.kind(wanted)).matches(message, kind: kind) == expected)
    }

    @Test func whatNobodyDeclaredIsBinaryIfItIsNotUTF8() throws {
        let bytes: [UInt8] = [0xFF, 0x00]
        #expect(try Matcher(.kind(.binary)).matches(bytes, kind: .undeclared))
        #expect(try !Matcher(.kind(.text)).matches(bytes, kind: .undeclared))
    }

    @Test func binaryMessagesAreMatchedByTheirBytes() throws {
        let bytes: [UInt8] = [0xFF, 0x00] + Array("needle".utf8) + [0xC3]
        #expect(try Matcher(.contains("needle", caseSensitive: true)).matches(bytes, kind: .binary))
        #expect(try Matcher(.contains("NEEDLE", caseSensitive: false)).matches(bytes, kind: .binary))
        #expect(try !Matcher(.suffix("needle", caseSensitive: true)).matches(bytes, kind: .binary))
    }

    @Test func theMatchOfTheExampleTakesAlarmsThatAreNoTests() throws {
        let matcher = try Matcher(
            .all([
                .json(path: "$.type", .equals(.string("alarm")), caseSensitive: true),
                .not(.contains("test", caseSensitive: true)),
            ])
        )
        #expect(matcher.matches(#"{"type":"alarm","zone":4}"#))
        #expect(!matcher.matches(#"{"type":"alarm","zone":"test"}"#))
        #expect(!matcher.matches(#"{"type":"status"}"#))
        #expect(!matcher.matches("alarm"))
    }

    @Test func selectsABatchsMessagesInOrder() throws {
        let messages = ["a1", "b", "", "a2", "xa", "a3"]
        var bytes = ByteBuffer()
        bytes.writeString("skipped")
        bytes.moveReaderIndex(to: 3)
        var entries: ContiguousArray<MessageBatch.Entry> = []
        for message in messages {
            entries.append(.init(payloadOffset: bytes.writerIndex, payloadLength: message.utf8.count, kind: .text))
            bytes.writeString(message)
        }
        let batch = MessageBatch(bytes: bytes, entries: entries, receivedAt: .now())
        var selected: ContiguousArray<MessageBatch.Entry> = []
        try Matcher(.prefix("a", caseSensitive: true)).select(from: batch, into: &selected)
        #expect(selected == [entries[0], entries[3], entries[5]])
        try Matcher(.contains("", caseSensitive: true)).select(from: batch, into: &selected)
        #expect(selected.count == 9)
    }

    @Test func knowsWhenItTakesEverything() throws {
        #expect(try Matcher(.contains("", caseSensitive: true)).takesEverything)
        #expect(try !Matcher(.equals("", caseSensitive: true)).takesEverything)
        #expect(try !Matcher(.contains("a", caseSensitive: true)).takesEverything)
    }

    @Test func faultsAreSaidInWords() throws {
        let cases: [(MatchConfiguration, String)] = [
            (.json(path: "type", .exists(true), caseSensitive: true), "json: a JSON path begins with $"),
            (.regex("a(b", caseSensitive: true), "regex: missing closing parenthesis (at character 4)"),
            (.regex("größe[", caseSensitive: true), "(at character 7)"),
            (.all([]), "all: is empty"),
            (.not(.any([])), "any: is empty"),
        ]
        for (match, words) in cases {
            let error = #expect(throws: MatchError.self) { try Matcher(match) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "no error")")
        }
    }

    @Test func nestingHasALimit() throws {
        var match = MatchConfiguration.contains("a", caseSensitive: true)
        for _ in 0..<64 { match = .not(match) }
        #expect(try Matcher(match).matches("a"))
        #expect(throws: MatchError.tooDeep) { try Matcher(.not(match)) }
    }
}

extension Matcher {
    func matches(_ message: String, kind: MessageKind = .text) -> Bool {
        matches(Array(message.utf8), kind: kind)
    }

    func matches(_ message: [UInt8], kind: MessageKind) -> Bool {
        message.withUnsafeBytes { matches($0, kind: kind) }
    }
}
