package import NIOCore

/// A TCP connection by this library's rules, for what has to be asked before a WebSocket can be: a token endpoint.
package enum TCPDial {
    /// Opens one: the name is looked up beside the event loop, all its addresses are tried (RFC 8305).
    ///
    /// Reads begin only when the channel's pipeline is complete: `autoRead` is off.
    package static func open(
        host: String,
        port: Int,
        timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        do {
            let url = try WebSocketURL(isSecure: false, host: host, port: port, path: "/")
            return Connector.network.connect(ConnectTarget(url), timeout, eventLoop) { _ in }.channel
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}

extension WebSocketCredentialError {
    /// What an error from below means, in words, with the server as a person would write it: host and port.
    package init(_ error: any Error, server: String) {
        if let error = error as? WebSocketCredentialError {
            self = error
            return
        }
        let failure = ConnectionFailure(error, server: server)
        self.init(failure.reason, needsPerson: failure.remedy != .waiting, retryAfter: failure.retryAfter)
    }

    /// `Retry-After` as a server wrote it: how long to wait, an hour at most.
    package static func wait(retryAfter text: String) -> TimeAmount? {
        RetryAfter.parse(text, now: WallClock.now)
    }
}
