/// The adapters' own looks at this machine: what would keep a part from working, without taking or changing anything.
///
/// Handed in by the executable, so that `check` judges as the part itself does. Each says what is wrong; `nil` = nothing.
package struct MachineProbes: Sendable {
    package var fifo: @Sendable (_ path: String) -> String?
    package var udpSource: @Sendable (UDPSourceConfiguration) -> String?
    package var udpSink: @Sendable (UDPSinkConfiguration) -> String?

    package init(
        fifo: @escaping @Sendable (_ path: String) -> String? = { _ in nil },
        udpSource: @escaping @Sendable (UDPSourceConfiguration) -> String? = { _ in nil },
        udpSink: @escaping @Sendable (UDPSinkConfiguration) -> String? = { _ in nil }
    ) {
        self.fifo = fifo
        self.udpSource = udpSource
        self.udpSink = udpSink
    }
}
