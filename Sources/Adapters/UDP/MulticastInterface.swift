internal import BridgeCore
internal import Glibc

/// The interface that multicast leaves or comes through: by name, or by its IPv4 address.
struct MulticastInterface {
    /// 0 = the kernel chooses.
    private let index: UInt32
    private let address: in_addr

    init(_ text: String?) throws(UDPError) {
        var address = in_addr()
        guard let text else {
            (index, self.address) = (0, address)
            return
        }
        if inet_pton(AF_INET, text, &address) == 1 {
            (index, self.address) = (0, address)
            return
        }
        let index = if_nametoindex(text)
        guard index != 0 else { throw .unknownInterface(name: text) }
        (self.index, self.address) = (index, in_addr())
    }

    /// Where the socket's multicast goes out.
    func useForSending(_ descriptor: CInt, _ family: CInt) throws(KernelError) {
        if family == AF_INET {
            try SocketOption.set(
                descriptor,
                CInt(IPPROTO_IP),
                IP_MULTICAST_IF,
                request(group: in_addr()),
                "multicast interface"
            )
        } else {
            try SocketOption.set(descriptor, CInt(IPPROTO_IPV6), IPV6_MULTICAST_IF, CInt(index), "multicast interface")
        }
    }

    func join(_ group: UDPEndpoint, _ descriptor: CInt) throws(KernelError) {
        try change(group, descriptor, IP_ADD_MEMBERSHIP, IPV6_ADD_MEMBERSHIP, "joining the multicast group")
    }

    func leave(_ group: UDPEndpoint, _ descriptor: CInt) throws(KernelError) {
        try change(group, descriptor, IP_DROP_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, "leaving the multicast group")
    }

    private func change(
        _ group: UDPEndpoint,
        _ descriptor: CInt,
        _ v4: CInt,
        _ v6: CInt,
        _ what: String
    ) throws(KernelError) {
        if group.family == AF_INET {
            var address = in_addr()
            withUnsafeMutableBytes(of: &address) { $0.copyBytes(from: group.address) }
            try SocketOption.set(descriptor, CInt(IPPROTO_IP), v4, request(group: address), what)
        } else {
            var request = ipv6_mreq()
            withUnsafeMutableBytes(of: &request.ipv6mr_multiaddr) { $0.copyBytes(from: group.address) }
            request.ipv6mr_interface = index == 0 ? group.scope : index
            try SocketOption.set(descriptor, CInt(IPPROTO_IPV6), v6, request, what)
        }
    }

    private func request(group: in_addr) -> ip_mreqn {
        ip_mreqn(imr_multiaddr: group, imr_address: address, imr_ifindex: CInt(index))
    }
}
