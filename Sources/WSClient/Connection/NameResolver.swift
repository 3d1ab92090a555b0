import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Asks the system for names on a few threads of its own: never on an event loop, never on more threads than these.
///
/// Who asks for a name that is being asked for already gets that answer. So a resolver that hangs holds up at most a
/// question per name and family, however often connections try again. Used from any thread.
final class NameResolver: Sendable {
    typealias Answer = Result<[SocketAddress], AddressLookupError>

    struct Question: Hashable, Sendable {
        var host: String
        var port: Int
        var family: AddressFamily
    }

    static let shared = NameResolver(threads: 4) { question in
        Answer { () throws(AddressLookupError) in
            try AddressLookup.addresses(of: question.host, port: question.port, family: question.family)
        }
    }

    private let threads: NIOThreadPool
    private let ask: @Sendable (Question) -> Answer
    private let waiting = NIOLockedValueBox<[Question: [EventLoopPromise<Answer>]]>([:])

    init(threads count: Int, ask: @escaping @Sendable (Question) -> Answer) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
        self.ask = ask
    }

    /// The future never fails.
    func answer(to question: Question, on eventLoop: any EventLoop) -> EventLoopFuture<Answer> {
        let promise = eventLoop.makePromise(of: Answer.self)
        let isNew = waiting.withLockedValue { waiting in
            waiting[question, default: []].append(promise)
            return waiting[question]?.count == 1
        }
        if isNew {
            threads.submit { [self] _ in
                let answer = ask(question)
                let promises = waiting.withLockedValue { $0.removeValue(forKey: question) } ?? []
                for promise in promises { promise.succeed(answer) }
            }
        }
        return promise.futureResult
    }
}
