import NIOCore
import WSClient

/// Sends a route's messages over a connection.
///
/// Used on the gateway's event loop only.
///
/// A message is delivered once the kernel took the last byte of its frame; what a lost connection still held is
/// offered again.
final class ConnectionSink: Sink {
    let name: String
    let settlesLater = true
    weak var client: (any SinkClient)?
    private unowned let connection: Connection
    private let kind: ConnectionSinkConfiguration.Kind
    private var unsettled = CircularBuffer<Run>()

    /// Messages in a row with one fate, once the outbound stream was written up to a position.
    private struct Run {
        var count: Int
        var isSendable: Bool
        var position: Int
    }

    init(_ configuration: ConnectionSinkConfiguration, connection: Connection) {
        self.connection = connection
        kind = configuration.kind
        name = "connection:\(connection.name)"
    }

    /// The gateway starts connections itself.
    func start() {}

    func stop(completion: @escaping () -> Void) { completion() }

    func take(_ batch: MessageBatch) -> Intake {
        guard connection.isReady else { return Intake() }
        var outgoing = WebSocketMessageBatch(bytes: batch.bytes, messages: [])
        outgoing.messages.reserveCapacity(batch.count)
        var runs: [Run] = []
        batch.withUnsafeBytes { bytes in
            for entry in batch.entries {
                let isSendable = isSendable(entry, in: bytes)
                if runs.last?.isSendable == isSendable {
                    runs[runs.count - 1].count += 1
                } else {
                    runs.append(Run(count: 1, isSendable: isSendable, position: 0))
                }
                guard isSendable else { continue }
                outgoing.messages.append(
                    WebSocketMessage(
                        offset: Int(entry.payloadOffset),
                        length: Int(entry.payloadLength),
                        kind: kind == .text ? .text : .binary
                    )
                )
            }
        }
        let establishments = connection.establishments
        let sent = outgoing.isEmpty ? 0 : connection.send(outgoing)
        // A write that fails at once ends the connection here and now, with all that it was given; the next one may be
        // there already.
        guard connection.isReady, connection.establishments == establishments else { return Intake() }
        let intake = remember(runs, sent: sent)
        // What can't be sent is settled at once where nothing before it is on its way.
        settleWritten(through: connection.writtenPosition)
        return intake
    }

    private func isSendable(_ entry: MessageBatch.Entry, in bytes: UnsafeRawBufferPointer) -> Bool {
        kind == .binary || entry.kind == .text
            || UTF8Validator.isValid(UnsafeRawBufferPointer(rebasing: bytes[entry.payload]))
    }

    /// Remembers the runs up to the last message that was sent.
    private func remember(_ runs: [Run], sent: Int) -> Intake {
        var left = sent
        var intake = Intake()
        for var run in runs {
            run.position = connection.outboundPosition
            let wanted = run.count
            if run.isSendable {
                run.count = min(wanted, left)
                left -= run.count
            } else {
                intake.doomed += intake.taken..<intake.taken + run.count
            }
            if run.count > 0 { unsettled.append(run) }
            intake.taken += run.count
            guard run.count == wanted else { break }
        }
        return intake
    }

    /// The kernel took the connection's outbound stream up to this position.
    func settleWritten(through position: Int) {
        while let run = unsettled.first, run.position <= position {
            unsettled.removeFirst()
            client?.settle(run.count, as: run.isSendable ? .delivered : .dropped(.notUTF8))
        }
    }

    /// The connection carries messages now, or has room again.
    func connectionIsReady() { client?.sinkIsReady() }

    /// The connection is gone, with what the kernel had not taken.
    func connectionEnded() {
        unsettled.removeAll()
        client?.sinkLostWhatWasInFlight()
    }
}
