import NIOConcurrencyHelpers

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A TCP and UDP port that nobody uses on the loopback addresses right now.
///
/// Taken from below the kernel's ephemeral range, so that no outgoing connection of another test takes it while its
/// server restarts. Another process may still be faster: who binds it tries again with another one.
package func freePort() -> Int {
    while true {
        let port = Int.random(in: 12_000..<32_000)
        let isNew = takenPorts.withLockedValue { $0.insert(port).inserted }
        if isNew, isFree(port, streamSocket), isFree(port, datagramSocket) { return port }
    }
}

private let takenPorts = NIOLockedValueBox<Set<Int>>([])

#if canImport(Darwin)
    let streamSocket = SOCK_STREAM
    let datagramSocket = SOCK_DGRAM
#else
    let streamSocket = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let datagramSocket = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
#endif

private func isFree(_ port: Int, _ type: Int32) -> Bool {
    let descriptor = socket(AF_INET, type, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return withLoopbackAddress(port: port) { bind(descriptor, $0, $1) } == 0
}

/// Calls `body` with 127.0.0.1 and the port as a socket address.
func withLoopbackAddress<Result>(
    port: Int,
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
) rethrows -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return try withUnsafePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
