import ArgumentParser
import BridgeCore

/// `wsbridge check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say everything that is wrong with a configuration, and whether this machine fits it.",
        discussion: """
            Each finding is one line on standard error: FILE:LINE:COLUMN: message. Exit code 0 if the gateway can run
            with the file, with or without warnings; 78 if not.
            """
    )

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        let path = try file.path()
        let (outcome, diagnostics) = CheckedConfiguration.examine(path, before: .check)
        let errors = diagnostics.filter { $0.severity == .error }.count
        guard errors == 0, let configuration = outcome.configuration else { throw ExitStatus.configuration }
        let warnings = diagnostics.count
        for connection in configuration.connections {
            for way in connection.environmentProxies {
                StandardStreams.output("connection \(connection.name) \(way); proxy: none would not")
            }
        }
        let parts = [
            counted(configuration.connections.count, "connection"), counted(configuration.brokers.count, "broker"),
            counted(configuration.routes.count, "route"),
        ]
        StandardStreams.output(
            "\(path) is good: \(parts.joined(separator: ", "))"
                + (warnings > 0 ? "; \(counted(warnings, "warning"))" : "")
        )
    }

    private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// `wsbridge schema`.
struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the JSON Schema of the configuration, for editors that complete and check YAML."
    )

    func run() {
        StandardStreams.output(ConfigurationSchema.json)
    }
}
