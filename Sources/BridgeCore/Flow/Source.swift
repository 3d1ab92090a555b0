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

    /// Reads nothing more, ever, and closes.
    func stop()
}

/// What a source tells the router.
///
/// Used on the gateway's event loop only.
package protocol SourceClient: AnyObject {
    /// A read's messages, in order. Returns after every route has taken or queued what matched; a source that
    /// acknowledges may do so then.
    func received(_ batch: MessageBatch)

    /// Messages that no route will see.
    func rejected(_ count: Int, because reason: RejectReason)
}
