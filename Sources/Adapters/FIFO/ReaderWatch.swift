internal import BridgeCore
internal import Glibc
internal import NIOCore

/// Tells when anyone opens a FIFO, through inotify.
///
/// Confined to its event loop.
final class ReaderWatch {
    private let descriptor: CInt
    private var watch: CInt = -1
    private var readiness: Readiness?
    private let opened: () -> Void

    /// Nil where the system has no inotify instance left for us.
    init?(eventLoop: any EventLoop, opened: @escaping () -> Void) {
        descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        self.opened = opened
        guard descriptor >= 0 else { return nil }
        let readiness = Readiness(descriptor: descriptor, eventLoop: eventLoop) { [weak self] in self?.notice() }
        do {
            try readiness.arm(for: .readable)
        } catch {
            close(descriptor)
            return nil
        }
        self.readiness = readiness
    }

    /// Watches the FIFO at this path in place of the one before.
    ///
    /// Returns whether it can be watched.
    func follow(_ path: String) -> Bool {
        if watch >= 0 {
            inotify_rm_watch(descriptor, watch)
        }
        watch = inotify_add_watch(descriptor, path, UInt32(IN_OPEN) | UInt32(IN_DONT_FOLLOW))
        return watch >= 0
    }

    func stop() {
        guard let readiness else { return }
        readiness.cancel()
        self.readiness = nil
        close(descriptor)
    }

    private func notice() {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { events in
            while read(descriptor, events.baseAddress, events.count) > 0 {}
        }
        // A descriptor that could be armed once can be armed again.
        try? readiness?.arm(for: .readable)
        opened()
    }
}
