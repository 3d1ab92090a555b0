package import BridgeCore

/// Why datagrams can't be received or sent.
///
/// The description says what to do about it.
package enum UDPError: Error, Equatable, CustomStringConvertible {
    case addressInUse(UDPAddress)
    /// The address to bind is none of this machine's.
    case notLocal(UDPAddress)
    case portNeedsPrivilege(UDPAddress)
    case broadcastNotAllowed(UDPAddress)
    /// A name that leads to a multicast group.
    case unexpectedMulticast(UDPAddress)
    case unknownInterface(name: String)
    /// The resolver's words.
    case unresolved(UDPAddress, reason: String)
    case kernel(UDPAddress, KernelError)

    package var description: String {
        switch self {
        case .addressInUse(let address):
            "udp \(address): address already in use: another program or route receives there; choose another port"
        case .notLocal(let address):
            "udp \(address): not an address of this machine; to receive on all of them write 0.0.0.0 or ::"
        case .portNeedsPrivilege(let address):
            "udp \(address): permission denied: choose a port from 1024 up, or give the service CAP_NET_BIND_SERVICE"
        case .broadcastNotAllowed(let address):
            "udp \(address): is a broadcast address: set `broadcast: true` to send there"
        case .unexpectedMulticast(let address):
            "udp \(address): the name leads to a multicast group: set `multicast_interface` to send there"
        case .unknownInterface(let name):
            "no network interface is named, or has the address, \(name)"
        case .unresolved(let address, let reason):
            "udp \(address): the name can't be resolved: \(reason)"
        case .kernel(let address, let error):
            "udp \(address): \(error)"
        }
    }
}
