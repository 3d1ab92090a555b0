import TLS

/// Finds routes that lead back into their own source, and pairs of routes that form a ring.
enum LoopCheck {
    static func check(_ routes: [DecodedRoute], _ context: LoadingContext) {
        let candidates = routes.filter { !$0.allowEcho }.map { Candidate($0, instance: context.instance) }
        for candidate in candidates {
            checkEcho(of: candidate, context)
        }
        for (index, later) in candidates.enumerated() {
            for earlier in candidates[..<index] where earlier.feeds(later) && later.feeds(earlier) {
                context.warning(
                    "the routes \(earlier.route.name) and \(later.route.name) form a ring: what one of them sends may come "
                        + "back through the other for ever; if that is meant, write allow_echo: true",
                    at: later.route.position
                )
            }
        }
    }

    private static func checkEcho(of candidate: Candidate, _ context: LoadingContext) {
        guard let source = candidate.route.source?.source, let entrance = candidate.entrance else { return }
        for (sink, exit) in zip(candidate.route.sinks, candidate.exits) where exit.leads(to: entrance) {
            let what: String
            switch source {
            case .connection(let name): what = "connection \(name) is its own source; choose another sink"
            case .mqtt(let source):
                what = "this topic is matched by its own filter \(quoted(source.topicFilter)); choose another topic"
            case .udp(let source): what = "it listens at \(source.address) itself; choose another port"
            case .fifo: what = "it reads the same FIFO; choose another path"
            }
            context.error(
                "route \(candidate.route.name) leads back into its own source: \(what), or write allow_echo: true",
                at: source.kind == .mqtt ? sink.topicPosition : sink.position
            )
        }
    }
}

/// A route with its ends in a form that can be compared.
private struct Candidate {
    let route: DecodedRoute
    let entrance: RouteEnd?
    let exits: [RouteEnd]

    init(_ route: DecodedRoute, instance: String) {
        self.route = route
        entrance = route.source.map { RouteEnd($0.source) }
        exits = route.sinks.map { RouteEnd($0.sink, of: route, instance: instance) }
    }

    func feeds(_ next: Candidate) -> Bool {
        guard let entrance = next.entrance else { return false }
        return exits.contains { $0.leads(to: entrance) }
    }
}

/// Where messages enter or leave a route.
private enum RouteEnd {
    case connection(String)
    /// The filter is `nil` where the text is wrong, which has been said.
    case topics(broker: String, TopicFilter?)
    case udp(UDPAddress)
    case fifo(String)

    init(_ source: SourceConfiguration) {
        switch source {
        case .connection(let name): self = .connection(name)
        case .mqtt(let source): self = .topics(broker: source.broker, try? TopicFilter(source.topicFilter))
        case .udp(let source): self = .udp(source.address)
        case .fifo(let source): self = .fifo(SamePlace.path(source.path))
        }
    }

    init(_ sink: SinkConfiguration, of route: DecodedRoute, instance: String) {
        switch sink {
        case .connection(let sink): self = .connection(sink.connection)
        case .mqtt(let sink):
            self = .topics(broker: sink.broker, Self.topics(sink.topic, of: route, instance: instance))
        case .udp(let sink): self = .udp(sink.address)
        case .fifo(let sink): self = .fifo(SamePlace.path(sink.path))
        }
    }

    /// The topics that a template can render to: what is known of it filled in, the rest a wildcard.
    private static func topics(_ template: String, of route: DecodedRoute, instance: String) -> TopicFilter? {
        let context = TemplateContext(
            instance: instance,
            route: route.name,
            connection: route.source?.source.connectionName
        )
        return (try? TopicTemplate(template))?.filled(from: context).asFilter
    }

    /// Whether what leaves here can enter there.
    func leads(to entrance: RouteEnd) -> Bool {
        switch (self, entrance) {
        case (.connection(let sink), .connection(let source)): sink == source
        case (.topics(let broker, let topics?), .topics(broker: let other, let filter?)):
            broker == other && topics.overlaps(with: filter)
        case (.udp(let sink), .udp(let source)): Self.reaches(sink, source)
        case (.fifo(let sink), .fifo(let source)): sink == source
        default: false
        }
    }

    private static func reaches(_ sink: UDPAddress, _ source: UDPAddress) -> Bool {
        guard sink.port == source.port else { return false }
        let (to, at) = (SamePlace.numeric(sink.host), SamePlace.numeric(source.host))
        if to == at { return true }
        guard let toBytes = IPAddress.bytes(of: to), let atBytes = IPAddress.bytes(of: at) else { return false }
        return toBytes.count == atBytes.count && IPAddress.isUnspecified(atBytes) && HostName.isLoopback(to)
    }
}
