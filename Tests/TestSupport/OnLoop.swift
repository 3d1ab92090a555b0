package import NIOCore
import NIOPosix

/// A value that lives on an event loop.
///
/// Unchecked: it is touched there only.
package struct OnLoop<Value>: @unchecked Sendable {
    package let eventLoop: any EventLoop
    private let value: Value

    package init(_ eventLoop: any EventLoop, _ make: @Sendable @escaping (any EventLoop) throws -> Value) async throws {
        self.eventLoop = eventLoop
        let box = try await eventLoop.submit { Transfer(value: try make(eventLoop)) }.get()
        value = box.value
    }

    package func run<Result: Sendable>(_ body: @Sendable @escaping (Value) throws -> Result) async throws -> Result {
        try await eventLoop.submit { try body(value) }.get()
    }

    /// What `body` makes of the value; only on its event loop.
    package func onLoop<Result>(_ body: (Value) throws -> Result) rethrows -> Result {
        eventLoop.preconditionInEventLoop()
        return try body(value)
    }

    /// Unchecked: carries a value that is never touched outside of the loop.
    private struct Transfer: @unchecked Sendable {
        let value: Value
    }
}

/// One event loop for the duration of `body`.
package func withEventLoop<Result>(_ body: (any EventLoop) async throws -> Result) async throws -> Result {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
        let result = try await body(group.next())
        try await group.shutdownGracefully()
        return result
    } catch {
        try? await group.shutdownGracefully()
        throw error
    }
}
