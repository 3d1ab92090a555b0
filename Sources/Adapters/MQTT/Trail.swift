import BridgeCore
import CMosquitto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The gateways that a message came through by MQTT 5, as user properties tell it: how many, and each by its id.
///
/// A ring ends where a gateway finds itself in it, or, if someone on the way drops the ids, after eight.
struct Trail: Equatable {
    static let hopsProperty = "wsbridge-hops"
    /// One of them for each gateway, the oldest first.
    static let gatewayProperty = "wsbridge-via"

    var hops = 0
    var gateways: [String] = []

    var isTooLong: Bool { max(hops, gateways.count) >= CarriedProperties.mostGateways }

    /// One more user property.
    mutating func read(_ name: UnsafePointer<CChar>, _ value: UnsafePointer<CChar>) {
        if strcmp(name, Self.gatewayProperty) == 0 {
            // Who brings more than can be is stopped by their number.
            guard gateways.count < CarriedProperties.mostGateways else { return }
            gateways.append(String(cString: value))
        } else if strcmp(name, Self.hopsProperty) == 0, let count = Int(String(cString: value)) {
            hops = max(hops, count)
        }
    }
}

extension ReceivedProperties {
    func trail() -> Trail {
        var trail = Trail()
        forEachUserProperty { trail.read($0, $1) }
        return trail
    }
}
