package import NIOCore

/// A TCP connection by this library's rules, for what has to be asked before a WebSocket can be: a token endpoint.
package struct TCPDial: Sendable {
    private let url: WebSocketURL
    /// `nil` is the direct way.
    package let proxy: WebSocketProxy?
    private let proxyCAFile: String?
    private let userAgent: String?

    /// Of the URL, host and port count; `proxyCAFile` is what the certificate of an `https` proxy is verified against,
    /// `userAgent` what it is told that we are.
    package init(to url: WebSocketURL, through proxy: WebSocketProxy?, proxyCAFile: String?, userAgent: String? = nil) {
        self.url = url
        self.proxy = proxy
        self.proxyCAFile = proxyCAFile
        self.userAgent = userAgent
    }

    /// Opens it: the name is looked up beside the event loop, all its addresses are tried (RFC 8305), and a proxy has let
    /// us through.
    ///
    /// Whoever gets the channel completes its pipeline at once, and turns `autoRead` on.
    package func open(timeout: TimeAmount, on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        guard let proxy else { return connect(ConnectTarget(url), timeout, eventLoop) }
        let target = ConnectTarget(proxy, before: url)
        let deadline = NIODeadline.now() + timeout
        return connect(target, timeout, eventLoop)
            .flatMapErrorThrowing { throw ConnectionFailure($0, server: target.name) }
            .flatMap { pass(proxy, on: $0, by: deadline) }
    }

    private func connect(
        _ target: ConnectTarget,
        _ timeout: TimeAmount,
        _ eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        Connector.network.connect(target, timeout, eventLoop) { _ in }.channel
    }

    private func pass(
        _ proxy: WebSocketProxy,
        on channel: any Channel,
        by deadline: NIODeadline
    ) -> EventLoopFuture<any Channel> {
        let way = channel.eventLoop.makePromise(of: (any Channel).self)
        // A silent proxy: whoever waited has said so by now, and the closed channel ends the rest.
        let end = channel.eventLoop.scheduleTask(deadline: deadline) { channel.close(promise: nil) }
        let fail = { (failure: ConnectionFailure) in
            channel.close(promise: nil)
            way.fail(failure)
        }
        do {
            try proxy.openWay(to: url, on: channel, caFile: proxyCAFile, userAgent: userAgent) { failure in
                end.cancel()
                if let failure { fail(failure) } else { way.succeed(channel) }
            }
        } catch {
            end.cancel()
            fail(ConnectionFailure(error, server: proxy.name))
        }
        return way.futureResult
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
        let words = failure.words(hiding: Redactor())
        self.init(words, needsPerson: failure.remedy != .waiting, retryAfter: failure.retryAfter)
    }

    /// `Retry-After` as a server wrote it: how long to wait, an hour at most.
    package static func wait(retryAfter text: String) -> TimeAmount? {
        RetryAfter.parse(text, now: WallClock.now)
    }
}
