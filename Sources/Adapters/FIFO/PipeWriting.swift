internal import BridgeCore
internal import Glibc

/// Writing to a pipe without waiting.
enum PipeWriting {
    enum Outcome: Equatable {
        case wrote(Int)
        /// No room.
        case full
        /// Nobody reads: EPIPE.
        case noReader
        case failed(KernelError)
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Outcome {
        while true {
            let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            guard count < 0 else { return .wrote(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .full
            case EPIPE: return .noReader
            default: return .failed(KernelError("write"))
            }
        }
    }

    /// Whether anyone has the pipe open for reading; asked of its write end.
    static func hasReader(_ descriptor: CInt) -> Bool {
        var status = pollfd(fd: descriptor, events: 0, revents: 0)
        while poll(&status, 1, 0) < 0, errno == EINTR {}
        return status.revents & Int16(POLLERR) == 0
    }

    /// Throws away what a pipe holds; asked of its read end.
    static func drain(_ descriptor: CInt) {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
    }
}
