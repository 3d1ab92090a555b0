import ArgumentParser
import BridgeCore
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A configuration file after all its checks.
enum CheckedConfiguration {
    private static var loader: ConfigurationLoader {
        ConfigurationLoader(environment: ProcessInfo.processInfo.environment)
    }

    /// Loads a file for `run`; errors and warnings go to standard error.
    ///
    /// - Throws: `ExitStatus.configuration` where there is an error.
    static func load(_ path: String) throws -> (GatewayConfiguration, ConfigurationOutcome) {
        let (outcome, diagnostics) = examine(path, before: .run)
        guard let configuration = outcome.configuration, !diagnostics.contains(where: { $0.severity == .error }) else {
            throw ExitStatus.configuration
        }
        return (configuration, outcome)
    }

    /// Everything that is wrong or doubtful, said on standard error and returned.
    static func examine(
        _ path: String,
        before occasion: MachineChecks.Occasion
    ) -> (ConfigurationOutcome, [Diagnostic]) {
        let outcome = loader.load(path: path)
        let machine = MachineChecks.diagnostics(for: outcome, before: occasion, probes: .standard)
        let files = OpenFilesCheck.diagnostics(for: outcome, mostAllowed: OpenFiles.mostAllowed)
        let diagnostics = (outcome.diagnostics + machine + files).sortedByPosition()
        for diagnostic in diagnostics { StandardStreams.error(diagnostic.description) }
        return (outcome, diagnostics)
    }

    /// The control socket that a file names, or the default one where there is no usable file.
    static func controlSocket(in path: String?) -> String {
        path.flatMap { loader.load(path: $0).controlSocket }
            ?? ConfigurationDefaults.controlSocket(
                environment: ProcessInfo.processInfo.environment,
                userID: getuid()
            )
    }
}
