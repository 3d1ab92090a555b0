/// Every mapping of the configuration with its keys: the source of the reference, the schema and the suggestions.
enum ConfigurationKeys {
    static let places: [Place] =
        [
            GatewayKeys.place, ConnectionKeys.place, ReconnectKeys.place, KeepAliveKeys.place, CompressionKeys.place,
            HeartbeatKeys.place, SessionKeys.place, SessionStepKeys.place, BearerTokenKeys.place, BasicAuthKeys.place,
            OAuthKeys.place, ProxyKeys.place, TLSKeys.place,
            BrokerKeys.place, StatusKeys.place, WebKeys.place, LogKeys.place, RouteKeys.place,
            SourceKeys.connectionPlace, SourceKeys.mqttPlace, SourceKeys.udpPlace, SourceKeys.fifoPlace,
            SinkKeys.connectionPlace, SinkKeys.mqttPlace, SinkKeys.udpPlace, SinkKeys.fifoPlace, QueueKeys.place,
            MatchKeys.place, ReplyKeys.place, SecretKeys.place,
        ] + SessionPreset.all.map(\.place) + [GraphQLSubscription.place, SignalRInvocation.place]
}

/// The configuration's JSON Schema (draft 2020-12), for editors: what `wsbridge schema` prints.
package enum ConfigurationSchema {
    package static var json: String {
        let definitions = ConfigurationKeys.places.dropFirst().map {
            JSONLiteral.Member(name: $0.id, value: schema(of: $0))
        }
        let head: JSONLiteral = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "wsbridge configuration",
        ]
        let body = schema(of: GatewayKeys.place).adding(["$defs": .object(definitions)])
        return head.adding(body).text() + "\n"
    }

    private static func schema(of place: Place) -> JSONLiteral {
        let properties = place.keys.map { key in
            var more: [JSONLiteral.Member] = [.init(name: "description", value: .string(key.meaning))]
            if !key.defaultText.isEmpty {
                more.append(.init(name: "$comment", value: .string("Default: \(key.defaultText)")))
            }
            return JSONLiteral.Member(name: key.name, value: key.schema.adding(.object(more)))
        }
        return [
            "description": .string(place.meaning), "type": ["object", "null"], "properties": .object(properties),
            "additionalProperties": false,
        ]
    }
}

/// The tables of `docs/configuration.md`, which a test compares with it.
package enum ConfigurationReference {
    /// One table for each mapping, by its path.
    package static var tables: [(path: String, markdown: String)] {
        ConfigurationKeys.places.map { place in
            let rows = place.keys.map { key in
                let fallback =
                    key.defaultText.isEmpty || key.defaultText.contains(" ") ? key.defaultText : "`\(key.defaultText)`"
                return "| `\(key.name)` | \(escaped(key.words)) | \(fallback) | \(escaped(key.meaning)) |"
            }
            let head = ["| Key | Value | Default | Meaning |", "|---|---|---|---|"]
            return (place.path, (head + rows).joined(separator: "\n"))
        }
    }

    /// The defaults that are values, as the tables and the schema show them.
    package static var defaultValues: [(path: String, key: String, text: String)] {
        ConfigurationKeys.places.flatMap { place in
            place.keys.filter(\.defaultIsValue).map { (place.path, $0.name, $0.defaultText) }
        }
    }

    /// The defaults that are words: what no value says.
    package static var defaultWords: [(path: String, key: String, text: String)] {
        ConfigurationKeys.places.flatMap { place in
            place.keys.filter { !$0.defaultIsValue }.map { (place.path, $0.name, $0.defaultText) }
        }
    }

    private static func escaped(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
