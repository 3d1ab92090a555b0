import WSClient

/// The messages that a connection receives, as a source of routes.
///
/// Used on the gateway's event loop only.
final class ConnectionSource: Source {
    let connection: Connection

    init(_ connection: Connection) {
        self.connection = connection
    }

    var name: String { "connection:\(connection.name)" }

    var client: (any SourceClient)? {
        get { connection.receiver }
        set { connection.receiver = newValue }
    }

    /// The gateway starts connections itself: one without routes is kept alive as well.
    func start() {}

    func pause() { connection.pauseReading() }

    func resume() { connection.resumeReading() }

    /// Reading goes on: pings are answered, and what drains into the connection needs it alive.
    func stop(completion: @escaping () -> Void) {
        connection.refuseMessages()
        completion()
    }
}
