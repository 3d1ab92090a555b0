internal import BridgeCore
internal import CLinux
internal import Glibc

/// A socket that is connected to a sink's destination: the kernel looks up the route once, and reports refusals.
struct SendingSocket {
    let descriptor: CInt
    let endpoint: UDPEndpoint

    init(descriptor: CInt, endpoint: UDPEndpoint) {
        self.descriptor = descriptor
        self.endpoint = endpoint
    }

    init(
        to endpoint: UDPEndpoint,
        _ configuration: UDPSinkConfiguration,
        isName: Bool
    ) throws(UDPError) {
        let address = configuration.address
        if endpoint.isMulticast, isName, configuration.multicastInterface == nil {
            throw .unexpectedMulticast(address)
        }
        let interface = try MulticastInterface(configuration.multicastInterface)
        do throws(KernelError) {
            descriptor = try SocketOption.open(endpoint.family)
        } catch {
            throw .kernel(address, error)
        }
        self.endpoint = endpoint
        do throws(KernelError) {
            try Self.prepare(descriptor, endpoint, configuration, interface)
        } catch {
            close(descriptor)
            // What connecting to a broadcast address says without SO_BROADCAST.
            throw error == KernelError("connect", code: EACCES)
                ? .broadcastNotAllowed(address) : .kernel(address, error)
        }
    }

    private static func prepare(
        _ descriptor: CInt,
        _ endpoint: UDPEndpoint,
        _ configuration: UDPSinkConfiguration,
        _ interface: MulticastInterface
    ) throws(KernelError) {
        let isV4 = endpoint.family == AF_INET
        let level = CInt(isV4 ? IPPROTO_IP : IPPROTO_IPV6)
        if endpoint.isMulticast {
            if configuration.multicastInterface != nil {
                try interface.useForSending(descriptor, endpoint.family)
            }
            SocketOption.offer(descriptor, level, isV4 ? IP_MULTICAST_LOOP : IPV6_MULTICAST_LOOP, 1)
        }
        if let ttl = configuration.ttl {
            let option =
                switch (isV4, endpoint.isMulticast) {
                case (true, true): IP_MULTICAST_TTL
                case (true, false): IP_TTL
                case (false, true): IPV6_MULTICAST_HOPS
                case (false, false): IPV6_UNICAST_HOPS
                }
            try SocketOption.set(descriptor, level, option, CInt(ttl), "ttl \(ttl)")
        }
        if configuration.broadcast {
            try SocketOption.set(descriptor, SOL_SOCKET, SO_BROADCAST, CInt(1), "broadcast")
        }
        // Nothing is read here: answers shall not fill memory.
        SocketOption.offer(descriptor, SOL_SOCKET, SO_RCVBUF, 0)
        guard endpoint.withSocketAddress({ connect(descriptor, $0, $1) }) == 0 else { throw KernelError("connect") }
    }
}
