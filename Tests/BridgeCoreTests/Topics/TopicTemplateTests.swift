import Testing

@testable import BridgeCore

struct TopicTemplateTests {
    @Test(arguments: [
        ("feed/trades", "feed/trades", true, "feed/trades"),
        ("feed/{$.symbol}", "feed/", false, "feed/+"),
        ("feed/x-{$.symbol}/y", "feed/x-", false, "feed/+/y"),
        ("{connection}/a", "", false, "+/a"),
        ("a/{topic}", "a/", false, "a/#"),
        ("a/{topic}/b", "a/", false, "a/#"),
        ("a/x{topic}", "a/x", false, "a/#"),
        ("{$.a}{$.b}/{$.c}z", "", false, "+/+"),
        ("a/{topic[1]}/c", "a/", false, "a/+/c"),
        ("a{{b}}/c", "a{b}/c", true, "a{b}/c"),
        ("/{route}", "/", false, "/+"),
    ])
    func saysWhatIsFixedAboutItsTopics(text: String, leading: String, isLiteral: Bool, filter: String) throws {
        let template = try TopicTemplate(text)
        #expect(template.leadingLiteral == leading)
        #expect(template.isLiteral == isLiteral)
        #expect(template.asFilter.description == filter)
        #expect(throws: Never.self) { try TopicFilter(filter) }
    }

    @Test func aRouteFillsInWhatItKnows() throws {
        let context = TemplateContext(instance: "site-12", route: "trades", connection: "cloud")
        let template = try TopicTemplate("{instance}/{connection}-{route}/{$.a}/{connection}").filled(from: context)
        #expect(template.asFilter.description == "site-12/cloud-trades/+/cloud")
        #expect(template.leadingLiteral == "site-12/cloud-trades/")
        let unknown = TemplateContext(instance: "site-12", route: "trades", connection: nil)
        #expect(try TopicTemplate("{instance}/{connection}").filled(from: unknown).asFilter.description == "site-12/+")
        #expect(try TopicTemplate("{instance}/{route}").filled(from: unknown).isLiteral)
    }

    @Test func saysWhatItNeeds() throws {
        #expect(try TopicTemplate("{topic[0]}").usesSourceTopic)
        #expect(try TopicTemplate("a/{topic}").usesSourceTopic)
        #expect(try !TopicTemplate("a/{$.topic}").usesSourceTopic)
        #expect(try TopicTemplate("{connection}").usesConnection)
        #expect(try TopicTemplate("{$.a}").readsPayload)
        #expect(try !TopicTemplate("{route}").readsPayload)
    }

    @Test(arguments: [
        ("", 0, "empty"),
        ("feed/+", 6, "wildcard +"),
        ("feed/#", 6, "wildcard #"),
        ("feed/{symbol}", 6, "nothing is called {symbol}"),
        ("feed/{payload}", 6, "nothing is called {payload}"),
        ("feed/{}", 6, "write {$.path}"),
        ("feed/{$.symbol", 5, "closing }"),
        ("feed/{topic", 5, "closing }"),
        ("feed/}", 5, "written }}"),
        ("feed/{$symbol}", 7, "expected .name"),
        ("feed/{$.a b}", 9, "expected .name"),
        ("größe/{$..a}", 9, "`..`"),
        ("{topic[-1]}", 1, "{topic[0]}"),
        ("{topic[x]}", 1, "{topic[0]}"),
        ("{topic[200]}", 1, "{topic[199]}"),
        ("a\u{0}b", 3, "control character"),
        ("$x{$.a}", 2, "first level"),
        (String(repeating: "/", count: 100) + "{$.a}" + String(repeating: "/", count: 100), 0, "levels"),
    ])
    func aFaultSaysWhereItIsAndWhatToWrite(text: String, offset: Int, hint: String) {
        let error = #expect(throws: TopicTemplateError.self) { try TopicTemplate(text) }
        #expect(error?.offset == offset)
        #expect(error?.reason.contains(hint) == true, "\(error?.reason ?? "no error")")
    }

    @Test func aPathMayHoldBraces() throws {
        let template = try TopicTemplate("a/{$['x}y']}/b")
        #expect(template.asFilter.description == "a/+/b")
    }
}
