import Foundation
import NIOConcurrencyHelpers

/// The thread that starts all children.
///
/// It lives as long as the process, because the kernel ends a child that asked for
/// it when the *thread* that started it ends: so no child outlives tests that were killed.
final class Spawner: Sendable {
    static let shared = Spawner()

    private let jobs = NIOLockedValueBox<[@Sendable () -> Void]>([])
    private let wakeUp = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                wakeUp.wait()
                let job = jobs.withLockedValue { $0.isEmpty ? nil : $0.removeFirst() }
                job?()
            }
        }
    }

    /// Runs `body` on that thread and waits for it.
    func run<Outcome: Sendable>(_ body: @escaping @Sendable () throws -> Outcome) throws -> Outcome {
        let outcome = SharedOutcome<Outcome>()
        let done = DispatchSemaphore(value: 0)
        jobs.withLockedValue { jobs in
            jobs.append {
                outcome.value.withLockedValue { $0 = Result { try body() } }
                done.signal()
            }
        }
        wakeUp.signal()
        done.wait()
        guard let result = outcome.value.withLockedValue({ $0 }) else { throw SetupError("nothing was started") }
        return try result.get()
    }

    private final class SharedOutcome<Outcome: Sendable>: Sendable {
        let value = NIOLockedValueBox<Result<Outcome, any Error>?>(nil)
    }
}
