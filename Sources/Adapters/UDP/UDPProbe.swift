package import BridgeCore
internal import Glibc
internal import TLS

/// Looks at this machine for what would keep a socket from being opened, without receiving or sending anything.
///
/// Names are left alone: where they lead is the network's affair.
package enum UDPProbe {
    /// The reason why a source can't listen; `nil` = it can.
    ///
    /// A port that is taken is fine: a gateway that runs already has it. So is one below 1024: who asks needn't be who
    /// runs.
    package static func problem(receiving configuration: UDPSourceConfiguration) -> String? {
        do throws(UDPError) {
            guard let endpoint = try numeric(configuration.address) else { return nil }
            _ = try MulticastInterface(configuration.multicastInterface)
            guard !endpoint.isMulticast else { return nil }
            // Any port tells whose address it is.
            var tried = configuration
            tried.address.port = 0
            close(try ReceivingSocket(tried).descriptor)
            return nil
        } catch .addressInUse {
            return nil
        } catch .notLocal {
            return "\(UDPError.notLocal(configuration.address))"
        } catch {
            return "\(error)"
        }
    }

    /// The reason why a sink can't send; `nil` = it can.
    ///
    /// A destination that can't be reached now is none of it.
    package static func problem(sending configuration: UDPSinkConfiguration) -> String? {
        do throws(UDPError) {
            guard let endpoint = try numeric(configuration.address) else { return nil }
            close(try SendingSocket(to: endpoint, configuration, isName: false).descriptor)
            return nil
        } catch {
            if case .kernel = error { return nil }
            return "\(error)"
        }
    }

    /// The address that stands in place of a name; `nil` for a name.
    private static func numeric(_ address: UDPAddress) throws(UDPError) -> UDPEndpoint? {
        guard IPAddress.bytes(of: address.host) != nil else { return nil }
        return try UDPEndpoint.resolve(address, numericOnly: true).first
    }
}
