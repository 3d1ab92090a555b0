/// The parts of a gateway, made from its configuration and wired to each other, not started yet.
///
/// Used on the gateway's event loop only.
struct GatewayParts {
    /// In the order of the file.
    var connections: [Connection] = []
    var brokers: [any Broker] = []
    /// Of each broker, by its name.
    var responders: [String: Responder] = [:]
    /// Of each route with `reply_to`, by its name.
    var replyDesks: [String: ReplyDesk] = [:]
    var hubs: [SourceHub] = []
    var routes: [Route] = []
    var publisher: StatusPublisher?
    var spool: Spool?

    func connection(named name: String) -> Connection? { connections.first { $0.name == name } }

    var queues: some Sequence<RouteQueue> { routes.lazy.flatMap(\.queues) }
}
