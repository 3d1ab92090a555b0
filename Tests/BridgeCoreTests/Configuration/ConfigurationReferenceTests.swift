import BridgeCore
import Foundation
import Testing

/// The reference and the schema say what the decoder does.
struct ConfigurationReferenceTests {
    private static let reference = ExampleConfigurationTests.folder.deletingLastPathComponent()
        .appendingPathComponent("docs/configuration.md")

    @Test(arguments: ConfigurationReference.tables.map(\.path))
    func theReferenceHasTheTableOf(path: String) throws {
        let text = try String(contentsOf: Self.reference, encoding: .utf8)
        let table = try #require(ConfigurationReference.tables.first { $0.path == path }?.markdown)
        #expect(text.contains(table), "put this into docs/configuration.md:\n\(table)")
    }

    @Test func theFilesOfTheReferenceLoad() throws {
        let text = try String(contentsOf: Self.reference, encoding: .utf8)
        let blocks = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        let whole = try #require(blocks.first)
        _ = try configuration(whole)
        let head =
            "connections: { a: { url: wss://a.b }, b: { url: wss://c.d } }\nroutes:\n  r:\n    from: a\n    to: b\n"
        for match in blocks.dropFirst() {
            _ = try configuration(head + match.split(separator: "\n").map { "    \($0)\n" }.joined())
        }
    }

    @Test func theSchemaIsJSONAndHasEveryPlace() throws {
        let schema = try #require(
            try JSONSerialization.jsonObject(with: Data(ConfigurationSchema.json.utf8)) as? [String: Any]
        )
        let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
        #expect(definitions.count == ConfigurationReference.tables.count - 1)
        let connection = try #require(definitions["connection"]?["properties"] as? [String: Any])
        #expect(connection["keep_alive"] != nil && connection["bearer_token"] != nil)
        #expect(definitions.values.allSatisfy { $0["additionalProperties"] as? Bool == false })
        for reference in references(in: schema) {
            let name = try #require(reference.split(separator: "/").last)
            #expect(definitions[String(name)] != nil, "\(reference)")
        }
    }

    private func references(in value: Any) -> [String] {
        if let list = value as? [Any] { return list.flatMap { references(in: $0) } }
        guard let object = value as? [String: Any] else { return [] }
        let own = (object["$ref"] as? String).map { [$0] } ?? []
        return own + object.values.flatMap { references(in: $0) }
    }
}
