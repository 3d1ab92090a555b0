/// The text of a topic with places that each message fills: `feed/{$.symbol}`.
///
/// In braces stand a JSON path into the payload, `{connection}`, `{instance}`, `{route}`, `{topic}` (the source's MQTT
/// topic, its levels kept) or `{topic[1]}` (its second level). `{{` and `}}` are literal braces.
///
/// Whatever a message holds, the rendered topic begins with `leadingLiteral` and has the levels of the template: a value
/// never adds, removes or renames one. `BoundTopicTemplate` renders.
package struct TopicTemplate: Sendable, Hashable, CustomStringConvertible {
    enum Part: Sendable, Hashable {
        case literal(String)
        case json(JSONPath)
        case connection
        case instance
        case route
        case topic
        case topicLevel(Int)
    }

    /// The template as written.
    package let description: String
    let parts: [Part]

    package init(_ text: String) throws(TopicTemplateError) {
        var parser = TopicTemplateParser(text)
        parts = try parser.parse()
        description = text
    }

    /// Whether each message goes to the same topic, whatever the route.
    package var isLiteral: Bool {
        parts.allSatisfy { if case .literal = $0 { true } else { false } }
    }

    /// Whether the topic depends on the payload.
    package var readsPayload: Bool {
        parts.contains { if case .json = $0 { true } else { false } }
    }

    /// Whether it takes a source with topics: `{topic}` or `{topic[1]}`.
    package var usesSourceTopic: Bool {
        parts.contains {
            switch $0 {
            case .topic, .topicLevel: true
            default: false
            }
        }
    }

    /// Whether it takes a source that is a connection: `{connection}`.
    package var usesConnection: Bool { parts.contains(.connection) }

    /// What every rendered topic begins with; may be empty.
    package var leadingLiteral: String {
        if case .literal(let text) = parts.first { text } else { "" }
    }

    /// A filter that matches each topic the template can render: `+` for a level that is filled, `#` from `{topic}` on.
    package var asFilter: TopicFilter {
        var levels = [""]
        for part in parts {
            switch part {
            case .literal(let text):
                let pieces = text.split(separator: "/", omittingEmptySubsequences: false)
                if levels[levels.count - 1] != "+" { levels[levels.count - 1] += pieces[0] }
                levels += pieces.dropFirst().map(String.init)
            case .topic:
                levels[levels.count - 1] = "#"
                return TopicFilter(pattern: levels.joined(separator: "/"))
            default:
                levels[levels.count - 1] = "+"
            }
        }
        return TopicFilter(pattern: levels.joined(separator: "/"))
    }

    /// The template with `{connection}`, `{instance}` and `{route}` filled in: what can be known of one route's topics.
    package func filled(from context: TemplateContext) -> TopicTemplate {
        var parts: [Part] = []
        for part in self.parts {
            let text: String? =
                switch part {
                case .literal(let text): text
                case .connection: context.connection
                case .instance: context.instance
                case .route: context.route
                default: nil
                }
            if let text, case .literal(let before) = parts.last {
                parts[parts.count - 1] = .literal(before + text)
            } else {
                parts.append(text.map { .literal($0) } ?? part)
            }
        }
        return TopicTemplate(description: description, parts: parts)
    }

    private init(description: String, parts: [Part]) {
        self.description = description
        self.parts = parts
    }

    /// The template in one route, ready to render.
    package func bound(to context: TemplateContext) -> BoundTopicTemplate {
        BoundTopicTemplate(self, context: context)
    }
}

/// What is wrong with the text of a topic template, and what to write instead.
package struct TopicTemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// How many characters (Unicode scalars) of the text come before the fault.
    package var offset: Int
    /// One sentence for the one who wrote the template.
    package var reason: String

    package var description: String { "\(reason) (at character \(offset + 1))" }
}
