/// Finds routes that lead back into their own source, and pairs of routes that form a ring.
enum LoopCheck {
    static func check(_ routes: [DecodedRoute], _ context: LoadingContext) {
        for route in routes where !route.allowEcho {
            checkEcho(of: route, context)
        }
        for (index, later) in routes.enumerated() where !later.allowEcho {
            for earlier in routes[..<index] where !earlier.allowEcho && feeds(earlier, later, context) {
                guard feeds(later, earlier, context) else { continue }
                context.warning(
                    "the routes \(earlier.name) and \(later.name) form a ring: what one of them sends may come back "
                        + "through the other for ever; if that is meant, write allow_echo: true",
                    at: later.position
                )
            }
        }
    }

    private static func checkEcho(of route: DecodedRoute, _ context: LoadingContext) {
        guard let source = route.source else { return }
        for sink in route.sinks where feeds(sink.sink, source.source, of: route, context) {
            let what: String
            let remedy: String
            switch source.source {
            case .connection(let name): (what, remedy) = ("connection \(name) is its own source", "another sink")
            case .mqtt(let source):
                what = "this topic is matched by its own filter \(quoted(source.topicFilter))"
                remedy = "another topic"
            case .udp(let source): (what, remedy) = ("it listens at \(source.address) itself", "another port")
            case .fifo: (what, remedy) = ("it reads the same FIFO", "another path")
            }
            let position = source.source.kind == .mqtt ? sink.topicPosition : sink.position
            context.error(
                "route \(route.name) leads back into its own source: \(what); choose \(remedy), or write allow_echo: true",
                at: position
            )
        }
    }

    private static func feeds(_ route: DecodedRoute, _ next: DecodedRoute, _ context: LoadingContext) -> Bool {
        guard let source = next.source else { return false }
        return route.sinks.contains { feeds($0.sink, source.source, of: route, context) }
    }

    /// Whether what `route` puts into the sink can come out of the source.
    private static func feeds(
        _ sink: SinkConfiguration,
        _ source: SourceConfiguration,
        of route: DecodedRoute,
        _ context: LoadingContext
    ) -> Bool {
        switch (sink, source) {
        case (.connection(let sink), .connection(let name)):
            return sink.connection == name
        case (.mqtt(let sink), .mqtt(let source)):
            guard sink.broker == source.broker, let filter = try? TopicFilter(source.topicFilter) else { return false }
            return renderable(sink.topic, by: route, context).map { $0.overlaps(with: filter) } ?? false
        case (.udp(let sink), .udp(let source)):
            return reaches(sink.address, source.address)
        case (.fifo(let sink), .fifo(let source)):
            return SamePlace.path(sink.path) == SamePlace.path(source.path)
        default:
            return false
        }
    }

    /// The topics that a template can render to: what is known of it filled in, the rest a wildcard.
    private static func renderable(_ topic: String, by route: DecodedRoute, _ context: LoadingContext) -> TopicFilter? {
        var text = topic
        if !text.contains("{{") {
            text = replace("{instance}", in: text, with: context.instance)
            text = replace("{route}", in: text, with: route.name)
            if case .connection(let name)? = route.source?.source {
                text = replace("{connection}", in: text, with: name)
            }
        }
        return (try? TopicTemplate(text))?.asFilter ?? (try? TopicTemplate(topic))?.asFilter
    }

    private static func replace(_ part: String, in text: String, with value: String) -> String {
        text.split(separator: part, omittingEmptySubsequences: false).joined(separator: value)
    }

    private static func reaches(_ sink: UDPAddress, _ source: UDPAddress) -> Bool {
        guard sink.port == source.port else { return false }
        let (to, at) = (SamePlace.numeric(sink.host), SamePlace.numeric(source.host))
        if to == at { return true }
        guard let toBytes = IPAddress.bytes(of: to), let atBytes = IPAddress.bytes(of: at) else { return false }
        return toBytes.count == atBytes.count && IPAddress.isUnspecified(atBytes) && Loopback.isLoopback(to)
    }
}
