#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Compares what a configuration names with what is on this machine.
package enum MachineChecks {
    package enum Occasion: Sendable {
        /// `wsbridge check`: everything.
        case check
        /// `wsbridge run`: all but what this machine may decide otherwise in a moment, a FIFO's path, an address, an
        /// interface, a token's program: that stops only its own part, which says so in log and status.
        case run
    }

    /// What is wrong, by position; empty = nothing.
    package static func diagnostics(
        for outcome: ConfigurationOutcome,
        before occasion: Occasion,
        probes: MachineProbes = MachineProbes()
    ) -> [Diagnostic] {
        let found = outcome.paths.flatMap { use in
            findings(for: use, before: occasion, probes).map { finding in
                Diagnostic(
                    severity: finding.severity,
                    file: outcome.file,
                    position: use.position,
                    message: finding.message
                )
            }
        }
        // A file that can't be read was told already.
        let known = Set(found.filter { $0.severity == .error }.compactMap(\.position))
        let tls = TLSFilesCheck.diagnostics(for: outcome).filter { $0.position.map { !known.contains($0) } ?? true }
        return (found + tls).sortedByPosition()
    }

    private struct Finding {
        var severity: Diagnostic.Severity
        var message: String
    }

    private static func findings(for use: PathUse, before occasion: Occasion, _ probes: MachineProbes) -> [Finding] {
        let mayChange: String? =
            switch use.role {
            case .fifo: probes.fifo(use.path)
            case .udpSource(let source): probes.udpSource(source)
            case .udpSink(let sink): probes.udpSink(sink)
            case .program: programProblem(use.path).map { "\(use.key): \($0)" }
            case .stateDirectory, .secret, .readable, .privateKey: nil
            }
        if let mayChange { return occasion == .check ? [Finding(severity: .error, message: mayChange)] : [] }
        return lastingFindings(for: use, before: occasion).map { finding in
            Finding(severity: finding.severity, message: "\(use.key): \(finding.message)")
        }
    }

    private static func lastingFindings(for use: PathUse, before occasion: Occasion) -> [Finding] {
        switch use.role {
        case .fifo, .udpSource, .udpSink, .program:
            return []
        case .stateDirectory:
            if let problem = SpoolDirectory.problem(with: use.path) {
                return [Finding(severity: .error, message: "\(quoted(use.path, limit: 300)): \(problem)")]
            }
            // Whoever runs opens the file, and sees more of it.
            guard occasion == .check, let problem = SpoolFileHead.problem(in: use.path) else { return [] }
            return [Finding(severity: .error, message: problem)]
        case .secret(let purpose):
            do throws(SecretError) {
                let secret = try SecretReader.read(.file(use.path), for: purpose)
                let shown = quoted(use.path, limit: 300)
                let quotes =
                    SecretReader.isInQuotes(secret)
                    ? [Finding(severity: .warning, message: SecretReader.quotesWarning(of: "the text in \(shown)"))]
                    : []
                return quotes + secrecy(of: use.path)
            } catch {
                return [Finding(severity: .error, message: error.description)]
            }
        case .readable, .privateKey:
            switch LocalFile.read(use.path, limit: 1) {
            case .failure(let problem):
                return [Finding(severity: .error, message: "\(quoted(use.path, limit: 300)): \(problem.message)")]
            case .success(let file) where file.bytes.isEmpty:
                return [Finding(severity: .error, message: "\(quoted(use.path, limit: 300)) is empty")]
            case .success:
                return use.role == .privateKey ? secrecy(of: use.path) : []
            }
        }
    }

    private static func secrecy(of path: String) -> [Finding] {
        guard case .success(let file) = LocalFile.read(path, limit: 1), file.isWorldReadable else { return [] }
        let message = "\(quoted(path, limit: 300)) can be read by everyone on this machine: chmod 640 the file"
        return [Finding(severity: .warning, message: message)]
    }

    /// What keeps a program from being started.
    private static func programProblem(_ program: String) -> String? {
        let shown = TokenCommandConfiguration.shown(program)
        guard !program.contains("/") else {
            var status = stat()
            guard stat(program, &status) == 0 else { return "\(shown): \(LocalFile.explanation(of: errno))" }
            if status.st_mode & S_IFMT == S_IFDIR { return "\(shown) is a folder: name a program in it" }
            return access(program, X_OK) == 0 ? nil : "\(shown) may not be executed: chmod +x the file"
        }
        let folders = getenv("PATH").map { String(cString: $0) } ?? ""
        let isFound = folders.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
        return isFound ? nil : "there is no program \(shown) in PATH: install it, or write its whole path"
    }
}
