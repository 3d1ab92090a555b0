import Foundation
import NIOConcurrencyHelpers

/// Reads a FIFO on a thread of its own, like `cat` would.
package final class FIFOReader: Sendable {
    private let state = NIOLockedValueBox((bytes: [UInt8](), isEnded: false))
    private let isWanted = NIOLockedValueBox(true)

    /// Opens the FIFO at once, whether it has a writer or not.
    package init(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SetupError("cannot open \(path): errno \(errno)") }
        Thread.detachNewThread { [self] in
            read(descriptor)
            close(descriptor)
            state.withLockedValue { $0.isEnded = true }
        }
    }

    /// All bytes until now.
    package var bytes: [UInt8] { state.withLockedValue { $0.bytes } }

    package var byteCount: Int { state.withLockedValue { $0.bytes.count } }

    /// The finished records until now, by their terminator: 10 for lines, 0 for NUL.
    package func records(endedBy terminator: UInt8 = 10) -> [[UInt8]] {
        bytes.split(separator: terminator, omittingEmptySubsequences: false).dropLast().map(Array.init)
    }

    /// The finished records until now, by their 4-byte big-endian length.
    package func lengthPrefixedRecords() -> [[UInt8]] {
        let bytes = self.bytes
        var records: [[UInt8]] = []
        var index = 0
        while index + 4 <= bytes.count {
            let length = bytes[index..<index + 4].reduce(0) { $0 << 8 | Int($1) }
            guard index + 4 + length <= bytes.count else { break }
            records.append(Array(bytes[index + 4..<index + 4 + length]))
            index += 4 + length
        }
        return records
    }

    /// The finished lines until now, as text.
    package var lines: [String] { records().map { String(decoding: $0, as: UTF8.self) } }

    /// Closes the FIFO: the reader goes away.
    package func stop() async throws {
        isWanted.withLockedValue { $0 = false }
        try await eventually("the reader's end") { state.withLockedValue { $0.isEnded } }
    }

    private func read(_ descriptor: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 262_144, alignment: 1) { buffer in
            while isWanted.withLockedValue({ $0 }) {
                var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&poller, 1, 10) > 0 else { continue }
                let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
                if count > 0 {
                    let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                    state.withLockedValue { $0.bytes.append(contentsOf: part) }
                } else {
                    // No writer right now: POLLHUP would make poll return at once.
                    usleep(2_000)
                }
            }
        }
    }
}

/// Reads the FIFO for the duration of `body`.
package func withFIFOReader<Result>(
    _ path: String,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (FIFOReader) async throws -> Result
) async throws -> Result {
    let reader = try FIFOReader(path)
    do {
        let result = try await body(reader)
        try await reader.stop()
        return result
    } catch {
        try? await reader.stop()
        throw error
    }
}
