import NIOConcurrencyHelpers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The way from the event loop to a broker's thread: orders in order, one wake-up a batch, none while it is awake.
///
/// Bounded by who hands over: each sink by its own limit, status messages by the broker's.
final class HandOver: Sendable {
    private struct Inbox {
        var orders: ContiguousArray<BrokerOrder> = []
        var isAsleep = false
        /// Set while the thread is inside a blocking connect, and so certainly alive.
        var connectingThread: UInt?
        var isClosed = false
    }

    let wakeUp: WakeUp
    private let inbox = NIOLockedValueBox(Inbox())
    /// Whether the event loop still wants to hear of the thread.
    private let isAbandoned = NIOLockedValueBox(false)

    init() throws(ConnectionFailure) {
        wakeUp = try WakeUp()
    }

    deinit {
        wakeUp.close()
    }

    func put(_ order: BrokerOrder) {
        let mustWake = inbox.withLockedValue { inbox in
            guard !inbox.isClosed else { return false }
            inbox.orders.append(order)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if mustWake { wakeUp.signal() }
    }

    /// The thread takes all orders.
    ///
    /// With `beforeSleep` and none there, the next `put` will wake it.
    func take(into orders: inout ContiguousArray<BrokerOrder>, beforeSleep: Bool) {
        inbox.withLockedValue { inbox in
            inbox.isAsleep = beforeSleep && inbox.orders.isEmpty
            swap(&inbox.orders, &orders)
        }
    }

    /// The event loop is done with the thread, which may still hang in a connect: it may be gone itself by then.
    func abandon() {
        isAbandoned.withLockedValue { $0 = true }
    }

    /// Runs `body` unless the event loop has abandoned the thread.
    func whileWanted(_ body: () -> Void) {
        isAbandoned.withLockedValue { if !$0 { body() } }
    }

    /// Nothing more is taken: what is put from now on is forgotten.
    func close() {
        inbox.withLockedValue { inbox in
            inbox.isClosed = true
            inbox.orders.removeAll()
        }
    }

    /// Marks the calling thread as one whose connect may be interrupted, for the time of `body`.
    func whileConnecting<Result>(_ body: () -> Result) -> Result {
        inbox.withLockedValue { $0.connectingThread = Self.currentThread }
        defer { inbox.withLockedValue { $0.connectingThread = nil } }
        return body()
    }

    /// Makes a connect that hangs return.
    ///
    /// It may have to be said again: the signal may come just before the call.
    func interruptConnect() {
        inbox.withLockedValue { inbox in
            guard let thread = inbox.connectingThread else { return }
            #if canImport(Darwin)
                if let thread = pthread_t(bitPattern: thread) { pthread_kill(thread, MosquittoLibrary.interruption) }
            #else
                pthread_kill(pthread_t(thread), MosquittoLibrary.interruption)
            #endif
        }
    }

    private static var currentThread: UInt {
        #if canImport(Darwin)
            UInt(bitPattern: pthread_self())
        #else
            UInt(pthread_self())
        #endif
    }
}
