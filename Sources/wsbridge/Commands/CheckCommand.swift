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
        StandardStreams.output(
            "\(path) is good: \(configuration.connections.count) connections, \(configuration.brokers.count) brokers, "
                + "\(configuration.routes.count) routes" + (warnings > 0 ? "; \(warnings) warnings" : "")
        )
    }
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
