internal import CLinux
internal import Glibc
internal import NIOConcurrencyHelpers
internal import NIOCore

/// The process's one thread that waits for descriptors on behalf of the event loops: it touches no data, asleep until a
/// descriptor that was armed becomes ready.
///
/// Started by the first `Readiness` that arms.
final class ReadinessThread: Sendable {
    typealias Token = UInt64

    private struct Entry {
        var eventLoop: any EventLoop
        var notice: @Sendable (Token) -> Void
    }

    private struct Table {
        var entries: [Token: Entry] = [:]
        var nextToken: Token = 1
    }

    private static let shared = NIOLockedValueBox<ReadinessThread?>(nil)

    private let epoll: CInt
    private let table = NIOLockedValueBox(Table())

    private init(epoll: CInt) {
        self.epoll = epoll
    }

    /// The thread, if anything was ever armed.
    static var running: ReadinessThread? { shared.withLockedValue { $0 } }

    static func started() throws(KernelError) -> ReadinessThread {
        let outcome: Result<ReadinessThread, KernelError> = shared.withLockedValue { shared in
            if let shared { return .success(shared) }
            let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
            guard epoll >= 0 else { return .failure(KernelError("epoll_create1")) }
            let thread = ReadinessThread(epoll: epoll)
            let failure = thread.spawn()
            guard failure == 0 else {
                close(epoll)
                return .failure(KernelError("pthread_create", code: failure))
            }
            shared = thread
            return .success(thread)
        }
        return try outcome.get()
    }

    func add(
        descriptor: CInt,
        for interest: Readiness.Interest,
        on eventLoop: any EventLoop,
        notice: @escaping @Sendable (Token) -> Void
    ) throws(KernelError) -> Token {
        let token = table.withLockedValue { table in
            let token = table.nextToken
            table.nextToken += 1
            table.entries[token] = Entry(eventLoop: eventLoop, notice: notice)
            return token
        }
        guard clinux_epoll_control(epoll, EPOLL_CTL_ADD, descriptor, interest.events, token) == 0 else {
            let error = KernelError("epoll_ctl")
            table.withLockedValue { _ = $0.entries.removeValue(forKey: token) }
            throw error
        }
        return token
    }

    func rearm(_ token: Token, descriptor: CInt, for interest: Readiness.Interest) throws(KernelError) {
        guard clinux_epoll_control(epoll, EPOLL_CTL_MOD, descriptor, interest.events, token) == 0 else {
            throw KernelError("epoll_ctl")
        }
    }

    func remove(_ token: Token, descriptor: CInt) {
        _ = clinux_epoll_control(epoll, EPOLL_CTL_DEL, descriptor, 0, token)
        table.withLockedValue { _ = $0.entries.removeValue(forKey: token) }
    }

    /// Returns 0 or the error's code.
    private func spawn() -> CInt {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<ReadinessThread>.fromOpaque(context).takeRetainedValue().wait()
                return nil
            },
            context.toOpaque()
        )
        if code == 0 {
            pthread_detach(thread)
        } else {
            context.release()
        }
        return code
    }

    private func wait() {
        // Signals are for the threads that expect them.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        _ = clinux_set_thread_name(pthread_self(), "readiness")
        while true {
            var token: Token = 0
            guard clinux_epoll_wait_one(epoll, &token) > 0 else { continue }
            guard let entry = table.withLockedValue({ $0.entries[token] }) else { continue }
            entry.eventLoop.execute { [token] in entry.notice(token) }
        }
    }
}

extension Readiness.Interest {
    fileprivate var events: UInt32 {
        let event =
            switch self {
            case .readable: EPOLLIN.rawValue
            case .writable: EPOLLOUT.rawValue
            case .hangUp: UInt32(0)
            }
        return event | EPOLLONESHOT.rawValue
    }
}
