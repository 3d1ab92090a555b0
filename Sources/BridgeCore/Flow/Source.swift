/// Where messages come from.
///
/// Used on the gateway's event loop only.
package protocol Source: AnyObject {
    /// The name in stats and logs: `connection:cloud`, `mqtt:local`, `udp:127.0.0.1:5006`, `fifo:/run/in.fifo`.
    var name: String { get }

    /// Receives what the source reads. Set once before `start()`; held weakly.
    var client: (any SourceClient)? { get set }

    /// Opens the source and begins to read. Returns once it is in place, or throws an error that names what is wrong.
    func start() throws

    /// Reads nothing more until `resume()`: what waits stays with the kernel or the peer. A batch that was already
    /// read still arrives.
    func pause()

    /// Reads again.
    func resume()

    /// Ends the source for good; `completion` is called on the event loop once it has brought its last message.
    ///
    /// A message that has begun is read to its end. What comes after it is neither taken nor acknowledged: it stays with
    /// the kernel or the peer.
    func stop(completion: @escaping () -> Void)
}

/// A source whose peer is told when a message is safe.
///
/// Used on the gateway's event loop only.
package protocol AcknowledgingSource: Source {
    /// Everything up to this run is in every queue at its level.
    func accepted(through run: UInt64)
}

/// What a source tells the router.
///
/// Used on the gateway's event loop only.
package protocol SourceClient: AnyObject {
    /// A read's messages, in order. Returns after every route has taken or queued what matched; a source that
    /// acknowledges may do so then.
    func received(_ batch: MessageBatch)

    /// The same, of a source that acknowledges: true when the batch is in every queue at its level already. Else
    /// `AcknowledgingSource.accepted` says it later, with a number from this run's on.
    func received(_ batch: MessageBatch, run: UInt64) -> Bool

    /// Tells the obstacle between a running source and its messages, which is tried again; `nil`: it is gone.
    func sourceHindered(by trouble: String?)

    /// Messages that no route will see.
    func rejected(_ count: Int, because reason: RejectReason)
}

extension SourceClient {
    package func sourceHindered(by trouble: String?) {}

    package func received(_ batch: MessageBatch, run: UInt64) -> Bool {
        received(batch)
        return true
    }
}
