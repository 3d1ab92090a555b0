import BridgeCore
import Foundation
import Testing
import WSClient

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

    /// Writing a default where it is the default changes nothing: table, schema and model agree.
    @Test(arguments: ConfigurationReference.defaultValues.map { "\($0.path) \($0.key)" })
    func aDefaultIsWhatItIsSaidToBe(of name: String) throws {
        let key = try #require(ConfigurationReference.defaultValues.first { "\($0.path) \($0.key)" == name })
        let hole = try #require(Self.holes[key.path], "write a configuration with a place for \(key.path)")
        let text = key.text.replacingOccurrences(of: "<instance>", with: "site").replacingOccurrences(
            of: "<name>",
            with: "b"
        )
        func loaded(_ more: String) throws -> String {
            let yaml = "instance: site\n" + hole.replacingOccurrences(of: "%", with: more)
            let configuration = try #require(Transcript(environment: [:]).load(yaml).configuration)
            // Whether `web` stands there is known to it.
            return "\(configuration)".replacingOccurrences(of: "isConfigured: true", with: "isConfigured: false")
        }
        #expect(try loaded("\(key.key): \(text)") == loaded(""))
    }

    /// A literal would not follow the model: what is no value has a space in it, or is nothing.
    @Test func whatIsNoValueIsWords() {
        for key in ConfigurationReference.defaultWords where !["", "none"].contains(key.text) {
            #expect(key.text.contains(" "), "\(key.path) \(key.key): render \(key.text) from the model's value")
        }
    }

    /// For each path a configuration with a hole for one more key.
    private static let holes: [String: String] = {
        let broker = "mqtt: { b: { url: 'mqtt://127.0.0.1' } }\n"
        let connection = "connections: { c: { url: wss://a.b } }\n"
        func connected(_ inner: String) -> String { "connections: { c: { url: wss://a.b, \(inner) } }" }
        func session(_ inner: String) -> String { connected("session: { \(inner) }") }
        func route(_ inner: String) -> String { "\(connection)\(broker)routes: { r: { \(inner) } }" }
        let udp = "to: { udp: '127.0.0.1:1' }"
        return [
            "": "%\n\(connection)",
            "connections.NAME": "connections: { c: { hostname: a.b, % } }",
            "connections.NAME.reconnect": connected("reconnect: { % }"),
            "connections.NAME.keep_alive": connected("keep_alive: { % }"),
            "connections.NAME.compression": connected("compression: { % }"),
            "connections.NAME.heartbeat": connected("heartbeat: { send: a, expect: b, answer: c, with: d, % }"),
            "connections.NAME.session.steps[]": session("steps: [ { send: a, expect: b, % } ]"),
            "connections.NAME.bearer_token": connected("bearer_token: { command: [ a ], % }"),
            "connections.NAME.oauth2": connected(
                "oauth2: { token_url: https://a.b, client_id: a, client_secret: b, % }"
            ),
            "connections.NAME.tls": connected("tls: { % }"),
            "connections.NAME.session, preset: home-assistant": session(
                "preset: home-assistant, access_token: a, %"
            ),
            "connections.NAME.session, preset: socket.io": session("preset: socket.io, %"),
            "connections.NAME.session, preset: signalr": session("preset: signalr, %"),
            "connections.NAME.session.invoke[], preset: signalr": session(
                "preset: signalr, invoke: [ { target: a, % } ]"
            ),
            "connections.NAME.session, preset: okx": session("preset: okx, channels: [ { channel: a } ], %"),
            "mqtt.NAME": "mqtt: { b: { url: 'mqtt://127.0.0.1', % } }",
            "status": "\(broker)status: { % }",
            "web": "web: { % }",
            "log": "log: { % }",
            "routes.NAME": route("from: c, \(udp), %"),
            "routes.NAME.from: { mqtt }": route("from: { mqtt: b, topic: t, % }, \(udp)"),
            "routes.NAME.from: { udp }": route("from: { udp: '127.0.0.1:1', % }, to: c"),
            "routes.NAME.from: { fifo }": route("from: { fifo: /tmp/f, % }, to: c"),
            "routes.NAME.to: { connection }": route("from: { fifo: /tmp/f }, to: { connection: c, % }"),
            "routes.NAME.to: { mqtt }": route("from: c, to: { mqtt: b, topic: t, % }"),
            "routes.NAME.to: { udp }": route("from: c, to: { udp: '127.0.0.1:1', % }"),
            "routes.NAME.to: { fifo }": route("from: c, to: { fifo: /tmp/f, % }"),
            "routes.NAME.queue": route("from: c, \(udp), queue: { % }"),
            "routes.NAME.match": route("from: c, \(udp), match: { contains: a, % }"),
            "routes.NAME.reply_to": route(
                "from: { mqtt: b, topic: t }, to: c, reply_to: { % }"
            ).replacingOccurrences(of: "'mqtt://127.0.0.1'", with: "'mqtt://127.0.0.1', response_topics: [ r ]"),
        ]
    }()

    @Test func theReferenceNamesTheWordsThatTellOfSecrets() throws {
        let text = try String(contentsOf: Self.reference, encoding: .utf8).replacing("\n", with: " ")
        let words = SecretName.words.map { "`\($0)`" }
        let list = words.dropLast().joined(separator: ", ") + " or \(words[words.count - 1])"
        #expect(text.contains(list), "\(list)")
    }

    private func references(in value: Any) -> [String] {
        if let list = value as? [Any] { return list.flatMap { references(in: $0) } }
        guard let object = value as? [String: Any] else { return [] }
        let own = (object["$ref"] as? String).map { [$0] } ?? []
        return own + object.values.flatMap { references(in: $0) }
    }
}
