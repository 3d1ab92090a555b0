#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// How many files and sockets this process may have open.
package enum OpenFiles {
    /// Raises the limit as far as this user may; returns what it is then.
    @discardableResult
    package static func raiseLimit() -> Int {
        guard var limits = limits else { return .max }
        guard limits.rlim_cur < limits.rlim_max else { return shown(limits.rlim_cur) }
        limits.rlim_cur = limits.rlim_max
        _ = setrlimit(resource, &limits)
        return self.limits.map { shown($0.rlim_cur) } ?? .max
    }

    /// What `raiseLimit` can reach.
    package static var mostAllowed: Int { limits.map { shown($0.rlim_max) } ?? .max }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    private static var limits: rlimit? {
        var limits = rlimit()
        return getrlimit(resource, &limits) == 0 ? limits : nil
    }

    private static func shown(_ limit: rlim_t) -> Int { Int(clamping: limit) }
}

/// Warns of a configuration that wants more sockets than a process may have here.
package enum OpenFilesCheck {
    /// The gateway's own, the broker threads' and some to spare.
    private static let others = 64

    package static func diagnostics(for outcome: ConfigurationOutcome, mostAllowed: Int) -> [Diagnostic] {
        guard let configuration = outcome.configuration else { return [] }
        let wanted = configuration.connections.count + configuration.routes.count + others
        guard wanted > mostAllowed else { return [] }
        return [
            Diagnostic(
                severity: .warning,
                file: outcome.file,
                position: nil,
                message: "\(configuration.connections.count) connections need some \(wanted) open files, but only "
                    + "\(mostAllowed) are allowed here: raise the limit (ulimit -Hn, LimitNOFILE= in a systemd unit)"
            )
        ]
    }
}
