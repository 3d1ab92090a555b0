import BridgeCore
import CMosquitto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A descriptor that becomes readable from another thread: an eventfd, a pipe where there is none.
struct WakeUp: Sendable {
    /// What to poll for reading.
    let descriptor: Int32
    private let writer: Int32

    init() throws(ConnectionFailure) {
        #if os(Linux)
            descriptor = wsbridge_eventfd()
            writer = descriptor
            guard descriptor >= 0 else { throw ConnectionFailure("eventfd: \(KernelError.words(for: errno))") }
        #else
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw ConnectionFailure("pipe: \(KernelError.words(for: errno))") }
            for end in ends {
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            }
            descriptor = ends[0]
            writer = ends[1]
        #endif
    }

    func signal() {
        var one: UInt64 = 1
        #if os(Linux)
            _ = write(writer, &one, 8)
        #else
            _ = write(writer, &one, 1)
        #endif
    }

    func clear() {
        var buffer: (UInt64, UInt64) = (0, 0)
        while read(descriptor, &buffer, 16) == 16 {}
    }

    func close() {
        #if canImport(Darwin)
            _ = Darwin.close(writer)
        #elseif canImport(Musl)
            if writer != descriptor { _ = Musl.close(writer) }
        #else
            if writer != descriptor { _ = Glibc.close(writer) }
        #endif
        closeDescriptor(descriptor)
    }
}

private func closeDescriptor(_ descriptor: Int32) {
    _ = close(descriptor)
}
