import Foundation

/// What did not come in time, for a test's failure message.
package struct DeadlinePassed: Error, CustomStringConvertible {
    package let description: String

    package init(_ what: String, within limit: Duration, context: String = "") {
        description = "waited \(limit) for \(what)" + (context.isEmpty ? "" : "\n\(context)")
    }
}

/// Factor for every deadline: `TEST_DEADLINE_FACTOR`, for sanitizers and busy machines.
private let deadlineFactor = max(1, Int(ProcessInfo.processInfo.environment["TEST_DEADLINE_FACTOR"] ?? "") ?? 1)

/// Waits until `value` gives something, asking it again and again; throws `DeadlinePassed` when it never does.
package func eventualValue<Value>(
    of what: @autoclosure () -> String,
    within limit: Duration = .seconds(20),
    isolation: isolated (any Actor)? = #isolation,
    _ value: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit * deadlineFactor
    var pause = Duration.milliseconds(1)
    while true {
        if let value = try await value() { return value }
        guard ContinuousClock.now < deadline else { throw DeadlinePassed(what(), within: limit) }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(20))
    }
}

/// Waits until `condition` holds; throws `DeadlinePassed`, which names `what`, when it never does.
package func eventually(
    _ what: @autoclosure () -> String = "the condition",
    within limit: Duration = .seconds(20),
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    _ = try await eventualValue(of: what(), within: limit) { try await condition() ? true : nil }
}

/// A deadline on the monotonic clock for helpers that wait on a thread of their own.
struct ThreadDeadline {
    private let end: ContinuousClock.Instant

    init(within limit: Duration) { end = .now + limit * deadlineFactor }

    var hasPassed: Bool { ContinuousClock.now >= end }
}
