import NIOCore
import TLS

/// The first part of an attempt: who we are is asked for, within the attempt's deadline.
///
/// Confined to its event loop. It tells its outcome once, or never after `abandon`.
final class CredentialFetch {
    private let source: any WebSocketCredentialSource
    private let eventLoop: any EventLoop
    private var report: ((Result<WebSocketCredentials, ConnectionFailure>) -> Void)?
    private var timer: Scheduled<Void>?

    init(
        from source: any WebSocketCredentialSource,
        eventLoop: any EventLoop,
        report: @escaping (Result<WebSocketCredentials, ConnectionFailure>) -> Void
    ) {
        self.source = source
        self.eventLoop = eventLoop
        self.report = report
    }

    func start(_ request: WebSocketCredentialRequest, by deadline: NIODeadline) {
        let limit = (deadline - eventLoop.now).words
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.source.cancel()
            self.finish(.failure(ConnectionFailure("no credentials within \(limit), the limit of the whole attempt")))
        }
        source.credentials(for: request).hop(to: eventLoop).assumeIsolated().whenComplete { result in
            self.finish(result.mapError(Self.failure))
        }
    }

    func abandon() {
        guard report != nil else { return }
        report = nil
        timer?.cancel()
        source.cancel()
    }

    private func finish(_ result: Result<WebSocketCredentials, ConnectionFailure>) {
        let report = report
        self.report = nil
        timer?.cancel()
        report?(result)
    }

    private static func failure(_ error: any Error) -> ConnectionFailure {
        guard let error = error as? WebSocketCredentialError else {
            return ConnectionFailure(readable("\(error)", limit: 300), remedy: .person)
        }
        return ConnectionFailure(
            error.reason,
            remedy: error.needsPerson ? .person : .waiting,
            retryAfter: error.retryAfter
        )
    }
}
