internal import Glibc

/// The pipes between a program and us: its standard output and its standard error.
struct ChildStreams {
    private var output: Int32 = -1
    private var errors: Int32 = -1
    private(set) var childOutput: Int32 = -1
    private(set) var childErrors: Int32 = -1

    init() throws(ChildCommand.NotStarted) {
        do throws(ChildCommand.NotStarted) {
            (output, childOutput) = try Self.makePipe()
            (errors, childErrors) = try Self.makePipe()
        } catch {
            close()
            throw error
        }
    }

    private static func makePipe() throws(ChildCommand.NotStarted) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildCommand.NotStarted(code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }

    mutating func closeChildEnds() {
        Self.close(&childOutput)
        Self.close(&childErrors)
    }

    mutating func close() {
        closeChildEnds()
        Self.close(&output)
        Self.close(&errors)
    }

    /// Returns when there is something to read, and after so long at the latest.
    func wait(milliseconds: Int32) {
        // A descriptor below zero is skipped.
        var polled = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let isOver = output < 0 && errors < 0
        poll(&polled, nfds_t(polled.count), isOver ? min(milliseconds, 2) : milliseconds)
    }

    mutating func read(into bytes: inout [UInt8], limit: Int) {
        Self.drain(&output) { chunk in
            bytes += chunk.prefix(limit - bytes.count)
            return bytes.count < limit
        }
    }

    /// The last bytes are kept.
    mutating func readErrors(into bytes: inout [UInt8], keeping limit: Int) {
        var left = 64 << 10
        Self.drain(&errors) { chunk in
            bytes += chunk
            bytes.removeFirst(max(0, bytes.count - limit))
            left -= chunk.count
            return left > 0
        }
    }

    /// Reads what is there; the descriptor is closed at the writers' end.
    private static func drain(_ descriptor: inout Int32, _ take: (ArraySlice<UInt8>) -> Bool) {
        guard descriptor >= 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 4 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count == 0 || (count < 0 && errno != EAGAIN) { close(&descriptor) }
            guard count > 0, take(chunk[..<count]) else { return }
        }
    }

    private static func close(_ descriptor: inout Int32) {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}
