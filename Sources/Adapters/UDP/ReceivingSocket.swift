internal import BridgeCore
internal import CLinux
internal import Glibc

/// A bound socket.
struct ReceivingSocket {
    static let defaultBuffer = 4 << 20

    let descriptor: CInt
    /// As bound: the port is the real one where 0 was asked for.
    let endpoint: UDPEndpoint
    /// What the kernel granted, in bytes of payload and bookkeeping.
    let buffer: Int

    init(_ configuration: UDPSourceConfiguration) throws(UDPError) {
        let address = configuration.address
        guard let wanted = try UDPEndpoint.resolve(address, numericOnly: false).first else {
            throw .unresolved(address, reason: "no address")
        }
        let asked = CInt(clamping: configuration.receiveBuffer ?? Self.defaultBuffer)
        let descriptor: CInt
        do throws(KernelError) {
            descriptor = try SocketOption.open(wanted.family)
        } catch {
            throw .kernel(address, error)
        }
        do throws(KernelError) {
            // As root beyond the system's limit, else up to it.
            if !SocketOption.offer(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, asked) {
                SocketOption.offer(descriptor, SOL_SOCKET, SO_RCVBUF, asked)
            }
            // The kernel doubles what it is asked for, for its bookkeeping.
            buffer = Int(SocketOption.get(descriptor, SOL_SOCKET, SO_RCVBUF)) / 2
            if wanted.isMulticast {
                // Every program of this machine may listen to a group; an own port stays an own port.
                try SocketOption.set(descriptor, SOL_SOCKET, SO_REUSEADDR, CInt(1), "sharing the group's port")
            }
            if wanted.family == AF_INET6 {
                SocketOption.offer(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, 0)
            }
            guard wanted.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else { throw KernelError("bind") }
            self.endpoint = try Self.name(of: descriptor)
            self.descriptor = descriptor
        } catch {
            close(descriptor)
            throw Self.explained(error, address)
        }
    }

    private static func name(of descriptor: CInt) throws(KernelError) -> UDPEndpoint {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let endpoint: UDPEndpoint? = withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                getsockname(descriptor, raw, &size) == 0 ? UDPEndpoint(raw) : nil
            }
        }
        guard let endpoint else { throw KernelError("getsockname") }
        return endpoint
    }

    private static func explained(_ error: KernelError, _ address: UDPAddress) -> UDPError {
        switch error.code {
        case EADDRINUSE: .addressInUse(address)
        case EADDRNOTAVAIL: .notLocal(address)
        case EACCES: .portNeedsPrivilege(address)
        default: .kernel(address, error)
        }
    }

    /// How many datagrams the kernel has dropped since the socket was opened.
    ///
    /// Wraps at 2^32. The number that SO_RXQ_OVFL would bring too, but only with a datagram that comes after the loss.
    var losses: UInt32? {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(clinux_SK_MEMINFO_VARS)) { values in
            var size = socklen_t(values.count * MemoryLayout<UInt32>.size)
            guard getsockopt(descriptor, SOL_SOCKET, clinux_SO_MEMINFO, values.baseAddress, &size) == 0,
                Int(size) > Int(clinux_SK_MEMINFO_DROPS) * MemoryLayout<UInt32>.size
            else { return nil }
            return values[Int(clinux_SK_MEMINFO_DROPS)]
        }
    }
}
