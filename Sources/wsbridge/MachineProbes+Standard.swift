import BridgeCore
import FIFOAdapter
import UDPAdapter

extension MachineProbes {
    /// The adapters' own looks at the machine.
    static let standard = MachineProbes(
        fifo: { path in
            do throws(FIFOError) {
                try FIFOPath(path).check()
                return nil
            } catch {
                return error.description
            }
        },
        udpSource: UDPProbe.problem(receiving:),
        udpSink: UDPProbe.problem(sending:)
    )
}
