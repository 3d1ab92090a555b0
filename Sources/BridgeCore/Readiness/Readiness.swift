package import NIOCore

/// Tells an event loop that a file descriptor of ours, which NIO doesn't know, became ready.
///
/// One notice for each `arm`, on the event loop. Meant for what is rare beside the data: a full pipe, an empty FIFO, a
/// reader that left. Confined to its event loop. The descriptor stays its owner's, who calls `cancel()` before closing
/// it.
package final class Readiness {
    /// What a notice is wanted for.
    ///
    /// A peer that is gone for good, or an error, is always among it.
    package enum Interest: Sendable, Hashable {
        case readable
        case writable
        /// Nothing but that.
        case hangUp
    }

    private let descriptor: CInt
    private let eventLoop: any EventLoop
    private let handler: () -> Void
    private var token: ReadinessThread.Token?
    private var isArmed = false

    package init(descriptor: CInt, eventLoop: any EventLoop, handler: @escaping () -> Void) {
        self.descriptor = descriptor
        self.eventLoop = eventLoop
        self.handler = handler
    }

    deinit {
        if let token {
            ReadinessThread.running?.remove(token, descriptor: descriptor)
        }
    }

    /// Calls the handler once when the descriptor is, or already was, ready for this.
    ///
    /// Replaces what was armed before.
    package func arm(for interest: Interest) throws(KernelError) {
        eventLoop.assertInEventLoop()
        let thread = try ReadinessThread.started()
        if let token {
            try thread.rearm(token, descriptor: descriptor, for: interest)
        } else {
            let bound = NIOLoopBound(Weak(self), eventLoop: eventLoop)
            token = try thread.add(descriptor: descriptor, for: interest, on: eventLoop) { token in
                bound.value.target?.notice(token)
            }
        }
        isArmed = true
    }

    /// No notice from here on, even if one is on its way.
    package func cancel() {
        eventLoop.assertInEventLoop()
        isArmed = false
        if let token {
            ReadinessThread.running?.remove(token, descriptor: descriptor)
        }
        token = nil
    }

    private func notice(_ token: ReadinessThread.Token) {
        guard isArmed, token == self.token else { return }
        isArmed = false
        handler()
    }

    private struct Weak {
        weak var target: Readiness?

        init(_ target: Readiness) {
            self.target = target
        }
    }
}
