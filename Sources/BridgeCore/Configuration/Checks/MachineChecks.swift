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
        /// `wsbridge run`: what it can't start without. A FIFO that is wrong stops only its own route.
        case run
    }

    /// What is wrong, by position; empty = nothing.
    package static func diagnostics(for outcome: ConfigurationOutcome, before occasion: Occasion) -> [Diagnostic] {
        var diagnostics = outcome.paths.flatMap { use in
            findings(for: use, before: occasion).map { finding in
                Diagnostic(
                    severity: finding.severity,
                    file: outcome.file,
                    position: use.position,
                    message: "\(use.key): \(finding.message)"
                )
            }
        }
        if occasion == .check, !diagnostics.contains(where: { $0.severity == .error }) {
            diagnostics += TLSFilesCheck.diagnostics(for: outcome)
        }
        return diagnostics.sortedByPosition()
    }

    private struct Finding {
        var severity: Diagnostic.Severity
        var message: String
    }

    private static func findings(for use: PathUse, before occasion: Occasion) -> [Finding] {
        switch use.role {
        case .fifo:
            guard occasion == .check, let problem = fifoProblem(use.path) else { return [] }
            return [Finding(severity: .error, message: problem)]
        case .program:
            guard occasion == .check, let problem = programProblem(use.path) else { return [] }
            return [Finding(severity: .error, message: problem)]
        case .stateDirectory:
            if let problem = SpoolDirectory.problem(with: use.path) {
                return [Finding(severity: .error, message: "\(quoted(use.path, limit: 300)): \(problem)")]
            }
            // Whoever runs opens the file, and sees more of it.
            guard occasion == .check, let problem = SpoolFileHead.problem(in: use.path) else { return [] }
            return [Finding(severity: .error, message: problem)]
        case .secret:
            do throws(SecretError) {
                let secret = try SecretReader.read(.file(use.path))
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

    /// What keeps a FIFO from being opened or made (S11).
    private static func fifoProblem(_ path: String) -> String? {
        let shown = quoted(path, limit: 300)
        var status = stat()
        if lstat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFIFO: break
            case S_IFLNK: return "\(shown) is a symbolic link, which isn't followed: name the FIFO itself"
            case S_IFDIR: return "\(shown) is a folder: name a FIFO in it"
            default: return "\(shown) exists and is no FIFO; it is left untouched: choose another path"
            }
        } else if errno != ENOENT {
            return "\(shown): \(LocalFile.explanation(of: errno))"
        }
        return folderProblem(of: path, exists: status.st_mode & S_IFMT == S_IFIFO)
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

    private static func folderProblem(of path: String, exists: Bool) -> String? {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let shown = quoted(folder, limit: 300)
        var status = stat()
        guard stat(folder, &status) == 0 else {
            return errno == ENOENT ? "the folder \(shown) doesn't exist: make it" : LocalFile.explanation(of: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "\(shown) is no folder" }
        if status.st_mode & 0o002 != 0, status.st_mode & S_ISVTX == 0 {
            return "everyone may change the folder \(shown): chmod o-w it"
        }
        if !exists, access(folder, W_OK | X_OK) != 0 {
            return "a FIFO can't be made in the folder \(shown): permission denied"
        }
        return nil
    }
}
