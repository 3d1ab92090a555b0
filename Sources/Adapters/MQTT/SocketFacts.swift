#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A connected TCP socket, past libmosquitto.
enum SocketFacts {
    /// How many bytes of the stream were read so far, and some that came while we asked; `nil` where the kernel
    /// doesn't say.
    static func bytesRead(_ socket: Int32) -> UInt64? {
        #if os(Linux)
            // struct tcp_info of linux/tcp.h, which only grows at its end: tcpi_bytes_received is at 128.
            var unread: Int32 = 0
            guard ioctl(socket, UInt(FIONREAD), &unread) == 0 else { return nil }
            var info = [UInt64](repeating: 0, count: 32)
            var length = socklen_t(info.count * 8)
            guard getsockopt(socket, Int32(IPPROTO_TCP), 11, &info, &length) == 0, length >= 136 else { return nil }
            return info[16] - min(info[16], UInt64(max(unread, 0)))
        #else
            return nil
        #endif
    }

    /// The error that made the kernel end the connection; 0 if none did.
    static func error(_ socket: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    /// Writes without waiting; returns how many bytes the kernel took, or -1.
    static func write(_ bytes: UnsafeRawBufferPointer, to socket: Int32) -> Int {
        send(socket, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }

    /// While corked, writes gather into full segments.
    static func cork(_ socket: Int32, _ isOn: Bool) {
        #if os(Linux)
            var value: Int32 = isOn ? 1 : 0
            _ = setsockopt(socket, Int32(IPPROTO_TCP), 3, &value, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }
}
