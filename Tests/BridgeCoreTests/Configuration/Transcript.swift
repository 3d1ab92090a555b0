import BridgeCore
import Testing

/// Loads texts as configuration files of a fixed machine, and shows what is said about them.
struct Transcript {
    static let fileName = "site.yaml"

    var environment: [String: String] = [:]
    var isWorldReadable = false

    func load(_ yaml: String) -> ConfigurationOutcome {
        ConfigurationLoader(environment: environment, hostName: "site-12", userID: 1000)
            .load(Array(yaml.utf8), file: Self.fileName, isWorldReadable: isWorldReadable)
    }

    /// One line for each diagnostic, without the file's name.
    func lines(_ yaml: String) -> [String] {
        load(yaml).diagnostics.map { String($0.description.dropFirst(Self.fileName.count + 1)) }
    }
}

/// Expects exactly these lines, in this order: `LINE:COLUMN: message`.
func expect(
    _ yaml: String,
    says lines: [String],
    environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let found = Transcript(environment: environment).lines(yaml)
    #expect(found.joined(separator: "\n") == lines.joined(separator: "\n"), sourceLocation: sourceLocation)
}

/// Loads a text that must be right, with no more than these warnings.
func configuration(
    _ yaml: String,
    environment: [String: String] = [:],
    warnings: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> GatewayConfiguration {
    expect(yaml, says: warnings, environment: environment, sourceLocation: sourceLocation)
    return try #require(
        Transcript(environment: environment).load(yaml).configuration,
        sourceLocation: sourceLocation
    )
}
