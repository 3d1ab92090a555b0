import NIOCore

@testable import WSClient

/// A source whose answers a test gives, at once or later.
final class ScriptedCredentials: WebSocketCredentialSource {
    let eventLoop: any EventLoop
    var isRenewable = true
    /// What it was asked.
    private(set) var requests: [WebSocketCredentialRequest] = []
    private(set) var cancelCount = 0
    /// Given at once, the first first; without any the test answers with `answer`.
    var prepared: [Result<WebSocketCredentials, any Error>] = []
    private var open: [EventLoopPromise<WebSocketCredentials>] = []

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    deinit { for promise in open { promise.fail(ChannelError.eof) } }

    func credentials(for request: WebSocketCredentialRequest) -> EventLoopFuture<WebSocketCredentials> {
        requests.append(request)
        let promise = eventLoop.makePromise(of: WebSocketCredentials.self)
        if prepared.isEmpty {
            open.append(promise)
        } else {
            promise.completeWith(prepared.removeFirst())
        }
        return promise.futureResult
    }

    func cancel() { cancelCount += 1 }

    func answer(_ result: Result<WebSocketCredentials, any Error>) {
        open.removeFirst().completeWith(result)
    }

    /// Prepares a bearer token that runs out at this time.
    func prepare(_ token: String, until expiry: NIODeadline? = nil) {
        prepared.append(.success(.bearer(token, until: expiry)))
    }
}

extension WebSocketCredentials {
    static func bearer(_ token: String, until expiry: NIODeadline? = nil) -> WebSocketCredentials {
        WebSocketCredentials(headers: [("Authorization", "Bearer \(token)")], expires: expiry)
    }
}
