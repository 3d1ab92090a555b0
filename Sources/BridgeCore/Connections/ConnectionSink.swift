import NIOCore
import WSClient

/// Sends a route's messages over a connection. Used on the gateway's event loop only.
///
/// A message is delivered once the kernel took the last byte of its frame; what a lost connection still held is
/// offered again.
final class ConnectionSink: Sink {
    let name: String
    let settlesLater = true
    weak var client: (any SinkClient)?
    private let connection: Connection
    private let kind: ConnectionSinkConfiguration.Kind
    /// Counts the connection's losses, so that a late completion of an earlier one settles nothing.
    private var generation = 0
    private var isAway = true

    init(_ configuration: ConnectionSinkConfiguration, connection: Connection) {
        self.connection = connection
        kind = configuration.kind
        name = "connection:\(connection.name)"
    }

    /// The gateway starts connections itself.
    func start() {}

    func take(_ batch: MessageBatch) -> Intake {
        guard connection.isEstablished else { return Intake() }
        var outgoing = WebSocketMessageBatch(bytes: batch.bytes, messages: [])
        outgoing.messages.reserveCapacity(batch.count)
        // What can't go out as text leaves in its turn: a run of messages of one fate at a time.
        var runs: [(count: Int, isText: Bool)] = []
        batch.withUnsafeBytes { bytes in
            for entry in batch.entries {
                let isValid =
                    kind == .binary || entry.kind == .text
                    || UTF8Validator.isValid(UnsafeRawBufferPointer(rebasing: bytes[entry.payload]))
                if let last = runs.last, last.isText == isValid {
                    runs[runs.count - 1].count += 1
                } else {
                    runs.append((1, isValid))
                }
                guard isValid else { continue }
                outgoing.messages.append(
                    WebSocketMessage(
                        offset: Int(entry.payloadOffset), length: Int(entry.payloadLength),
                        kind: kind == .text ? .text : .binary))
            }
        }
        return hand(outgoing, runs: runs)
    }

    /// Hands over as much as the connection takes, and settles run by run once the kernel took it.
    private func hand(_ outgoing: WebSocketMessageBatch, runs: [(count: Int, isText: Bool)]) -> Intake {
        fatalError()
    }

    func stop(completion: @escaping () -> Void) { completion() }
}
