import Foundation
import NIOConcurrencyHelpers

/// Writes into a FIFO like a program that opens it, writes and closes; waiting happens on a thread of its own.
package enum FIFOWriter {
    /// Opens the FIFO, which waits for a reader, writes all bytes and closes it.
    package static func write(_ bytes: [UInt8], to path: String, within limit: Duration = .seconds(30)) async throws {
        let outcome = SharedOutcome()
        let deadline = ThreadDeadline(within: limit)
        Thread.detachNewThread { outcome.value.withLockedValue { $0 = writeAll(bytes, path, deadline) } }
        let code = try await eventualValue(of: "the bytes to be taken from \(path)", within: limit + .seconds(2)) {
            outcome.value.withLockedValue { $0 }
        }
        guard code == 0 else {
            throw SetupError("cannot write to \(path): \(String(cString: strerror(code)))")
        }
    }

    package static func write(_ text: String, to path: String) async throws {
        try await write(Array(text.utf8), to: path)
    }

    /// Never blocks for ever: without a reader, or with one that doesn't read, it gives up at the deadline.
    private static func writeAll(_ bytes: [UInt8], _ path: String, _ deadline: ThreadDeadline) -> Int32 {
        var descriptor: Int32 = -1
        while descriptor < 0 {
            descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            guard descriptor < 0 else { break }
            if deadline.hasPassed || errno != ENXIO && errno != EINTR { return errno }
            usleep(2_000)
        }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count > 0 {
                written += count
            } else if errno == EAGAIN || errno == EINTR {
                if deadline.hasPassed { return EAGAIN }
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&poller, 1, 10)
            } else {
                return errno
            }
        }
        return 0
    }

    private final class SharedOutcome: Sendable {
        let value = NIOLockedValueBox<Int32?>(nil)
    }
}
