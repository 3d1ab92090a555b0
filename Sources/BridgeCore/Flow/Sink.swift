/// What became of messages that a sink took.
package enum Outcome: Sendable, Hashable {
    /// Acknowledged: PUBACK, or the kernel took the datagram or record, or the frame was handed to the connection.
    case delivered
    case dropped(DropReason)
}

/// How much of a batch a sink took, and what is already settled of it.
package struct Intake: Sendable, Hashable {
    /// How many messages, from the front of the batch, the sink took.
    package var taken: Int
    /// How many of those are delivered already.
    package var delivered: Int
    /// How many of those are dropped already, by reason.
    package var dropped: [DropReason: Int]
    /// Which of those in flight will be settled as dropped whatever happens, by their index in the batch.
    package var doomed: [Int] = []

    package init(taken: Int = 0, delivered: Int = 0, dropped: [DropReason: Int] = [:]) {
        self.taken = taken
        self.delivered = delivered
        self.dropped = dropped
    }

    /// Taken, but neither delivered nor dropped yet: the sink will settle them later, in order.
    package var inFlight: Int { taken - delivered - dropped.values.reduce(0, +) }
}

/// Where a route's messages go.
///
/// Used on the gateway's event loop only.
///
/// A sink never waits and never keeps a queue without bound: what it can't take now stays with the route's queue,
/// which offers it again after `SinkClient.sinkIsReady()`.
package protocol Sink: AnyObject {
    /// The name in stats and logs: `mqtt:local`, `udp:127.0.0.1:5005`, `fifo:/run/x.fifo`, `connection:cloud`.
    var name: String { get }

    /// Whether taken messages are settled later, through `SinkClient.settle`. If so, the queue keeps their bytes until
    /// then and offers only batches of its own; if not, `take` settles whatever it takes, and may be offered a live
    /// read's batch, whose bytes it must not keep. One exception: of a record that the kernel took only in part the
    /// sink holds the rest itself; it is the last one taken, the only one in flight, and is settled when it is whole.
    var settlesLater: Bool { get }

    /// The queue that this sink reports to. Set once before `start()`; held weakly.
    var client: (any SinkClient)? { get set }

    /// Begins to open, connect or bind what the sink needs. `sinkIsReady()` follows whenever it can take something.
    func start()

    /// Takes messages from the front of the batch, in order, as many as it can without waiting.
    func take(_ batch: MessageBatch) -> Intake

    /// Sends what it holds and closes, calling `completion` on the event loop when nothing is left to do.
    func stop(completion: @escaping () -> Void)
}

/// What a sink tells the queue that feeds it.
///
/// Used on the gateway's event loop only.
package protocol SinkClient: AnyObject {
    /// The sink may take messages now: it became writable, connected, or found a reader.
    func sinkIsReady()

    /// The oldest `count` messages in flight are settled with this outcome. Settlements come in the order of taking.
    func settle(_ count: Int, as outcome: Outcome)

    /// What is in flight and not settled will not be: offer it again, in order, when the sink is ready.
    func sinkLostWhatWasInFlight()

    /// The sink can take nothing for now, for a reason that a `no_reader` or `when_full` policy may act on.
    func sinkIsAway(because reason: DropReason)

    /// The sink can't work until a person changes something: what comes is dropped as `refused`, until
    /// `sinkIsReady()` says that it works again.
    func sinkFailed(because explanation: String)
}
