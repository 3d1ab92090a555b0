#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A loopback port on which a connect hangs: a listener that accepts nobody, with its backlog full.
func withFullBacklog<Result>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Int) async throws -> Result
) async throws -> Result {
    #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue)
        let nonBlocking = Int32(O_NONBLOCK)
    #else
        let stream = SOCK_STREAM
        let nonBlocking = O_NONBLOCK
    #endif
    let listener = socket(AF_INET, stream, 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            bind(listener, pointer, length) == 0 && listen(listener, 0) == 0
                && getsockname(listener, pointer, &length) == 0
        }
    }
    precondition(bound, "no listener")
    // More than any backlog of 0 lets through; those beyond it hang, as the one under test will.
    var fillers: [Int32] = []
    defer { for filler in fillers { close(filler) } }
    for _ in 0..<4 {
        let filler = socket(AF_INET, stream, 0)
        _ = fcntl(filler, F_SETFL, nonBlocking)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, length) }
        }
        fillers.append(filler)
    }
    return try await body(Int(UInt16(bigEndian: address.sin_port)))
}
