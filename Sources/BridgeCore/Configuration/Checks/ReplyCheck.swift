/// Finds routes that take the same messages of a connection for replies to the requests of each.
enum ReplyCheck {
    static func check(_ routes: [DecodedRoute], _ context: LoadingContext) {
        for (index, later) in routes.enumerated() {
            guard let reply = later.configuration?.replyTo, let name = connection(of: later) else { continue }
            let earlier = routes[..<index].first {
                $0.configuration?.replyTo?.match == reply.match && connection(of: $0) == name
            }
            guard let earlier, earlier.configuration?.replyTo != nil else { continue }
            context.warning(
                "the routes \(earlier.name) and \(later.name) take the same messages of \(name) for replies, so one "
                    + "message answers a request of each: give each reply_to a match of its own",
                at: later.position
            )
        }
    }

    private static func connection(of route: DecodedRoute) -> String? {
        guard case .connection(let sink)? = route.sinks.first?.sink else { return nil }
        return sink.connection
    }
}
