import NIOCore

/// Looks now and then whether a source has other credentials than those that the server refused.
///
/// Confined to its event loop.
final class CredentialWatch {
    private let source: any WebSocketCredentialSource
    private let interval: TimeAmount
    private let timeout: TimeAmount
    private let eventLoop: any EventLoop
    /// Judges them, and says whether to look on.
    private let found: (WebSocketCredentials) -> Bool
    private var timer: Scheduled<Void>?
    private var fetch: CredentialFetch?

    init(
        _ source: any WebSocketCredentialSource,
        every interval: TimeAmount,
        timeout: TimeAmount,
        eventLoop: any EventLoop,
        found: @escaping (WebSocketCredentials) -> Bool
    ) {
        self.source = source
        self.interval = interval
        self.timeout = timeout
        self.eventLoop = eventLoop
        self.found = found
    }

    func start() {
        timer = eventLoop.assumeIsolated().scheduleTask(in: interval) { self.look() }
    }

    func stop() {
        timer?.cancel()
        timer = nil
        fetch?.abandon()
        fetch = nil
    }

    private func look() {
        fetch = CredentialFetch(from: source, eventLoop: eventLoop) { [weak self] result in
            guard let self else { return }
            fetch = nil
            // What can't be fetched now may be there next time.
            if case .success(let credentials) = result, !found(credentials) { return }
            start()
        }
        fetch?.start(WebSocketCredentialRequest(isFresh: true), by: eventLoop.now + timeout)
    }
}
