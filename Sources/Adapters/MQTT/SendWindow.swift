import BridgeCore

/// How many messages at QoS 1 and 2 may be unacknowledged: `max_inflight`, and not more than the server says.
///
/// A 3.1.1 server can't say. mosquitto then closes the connection over the 21st unfinished message at QoS 2, so these
/// have a bound of their own.
struct SendWindow: Equatable, Sendable {
    static let unfinishedAtQoS2In311 = 20

    private let limit: Int
    private let limitAtQoS2: Int
    private var inFlight = 0
    private var inFlightAtQoS2 = 0

    /// A closed window: nothing may be sent.
    init() {
        limit = 0
        limitAtQoS2 = 0
    }

    init(maxInflight: Int, receiveMaximum: UInt16?, version: BrokerConfiguration.ProtocolVersion) {
        limit = min(max(maxInflight, 1), Int(receiveMaximum ?? .max))
        limitAtQoS2 = version == .v5 ? limit : min(limit, Self.unfinishedAtQoS2In311)
    }

    /// How many more may go out.
    func room(qos: Int) -> Int {
        switch qos {
        case 0: .max
        case 1: max(limit - inFlight, 0)
        default: max(min(limit - inFlight, limitAtQoS2 - inFlightAtQoS2), 0)
        }
    }

    mutating func published(_ count: Int, qos: UInt8) {
        guard qos > 0 else { return }
        inFlight += count
        if qos == 2 { inFlightAtQoS2 += count }
    }

    mutating func acknowledged(qos: UInt8) {
        guard qos > 0 else { return }
        inFlight -= 1
        if qos == 2 { inFlightAtQoS2 -= 1 }
    }
}
