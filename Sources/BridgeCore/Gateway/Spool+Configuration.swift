package import Logging
package import NIOCore

extension Spool {
    /// Opens the spool that a configuration needs, or that lies in its `state_dir` from another; `nil` = none.
    package static func open(
        for configuration: GatewayConfiguration,
        eventLoop: any EventLoop,
        log: Logger
    ) throws(SpoolError) -> Spool? {
        guard let path = configuration.stateDirectory else { return nil }
        let queues = configuration.routes.flatMap(\.sinks).map(\.queue).filter { $0.store != .memory }
        guard !queues.isEmpty || SpoolDirectory.holdsSpool(path) else { return nil }
        let directory = try SpoolDirectory(path, patience: .seconds(1))
        let engine = SQLiteEngine(
            directory: path,
            sync: queues.contains { $0.store == .always } ? .full : .normal,
            // Each queue keeps to its own bound; this one holds when something went wrong.
            maxBytes: queues.reduce(64 << 20) { $0 + $1.maxDisk / 4 * 5 }
        )
        return try Spool(engine, in: directory, eventLoop: eventLoop, log: log)
    }
}
