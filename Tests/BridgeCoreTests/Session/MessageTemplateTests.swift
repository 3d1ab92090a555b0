import TestSupport
import Testing

@testable import BridgeCore

struct MessageTemplateTests {
    @Test(
        arguments: [
            (#"{"op":"login","token":"{token}"}"#, #"{"op":"login","token":"a\"b"}"#),
            (#"{"id":{id},"x":{}}"#, #"{"id":7,"x":{}}"#),
            ("AUTH {token}", "AUTH a\"b"),
            (#"say "\"{id}""#, #"say "\"7""#),
            ("{{id}} {id}", "{id} 7"),
            ("{ id } {id {1} {} {", "{ id } {id {1} {} {"),
            (#"{"query":"{a{{price}}}"}"#, #"{"query":"{a{price}}"}"#),
            ("", ""),
        ]
    )
    func putsValuesInTheirPlaces(template: String, message: String) {
        #expect(MessageTemplate(template).render(["token": "a\"b", "id": "7"]) == message)
    }

    @Test func knowsItsNames() {
        #expect(MessageTemplate(#"{"a":"{one}","b":{two},"c":"{{three}}"}"#).names == ["one", "two"])
        #expect(MessageTemplate.literal("{one}").names == [])
        #expect(MessageTemplate.literal("{one}").render(["one": "1"]) == "{one}")
    }

    @Test(arguments: [("sid", true), ("_a1", true), ("1a", false), ("", false), ("a-b", false), ("ä", false)])
    func namesAreSimple(name: String, isName: Bool) {
        #expect(MessageTemplate.isName(name) == isName)
    }

    @Test func escapesAsJSONWants() {
        #expect(JSONText.escaped("a\"\\\n\r\t\u{1}é😀") == #"a\"\\\n\r\t\u0001é😀"#)
    }

    @Test func whateverItIsMadeOfItTakesNoPartAway() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let text = String((0..<12).map { _ in "{}ab\"\\ 1".randomElement(using: &generator) ?? "x" })
            let template = MessageTemplate(text)
            if template.names.isEmpty, !text.contains("{{") { #expect(template.render([:]) == text) }
        }
    }

    @Test(
        "S14: a text is read in a time that its length allows, whatever it is made of",
        arguments: ["x", "{", "{x", "{{x", "\\"]
    )
    func longTexts(unit: String) {
        let text = String(repeating: unit, count: (1 << 20) / unit.utf8.count)
        #expect(MessageTemplate(text).render([:]).utf8.count > 0)
    }
}
