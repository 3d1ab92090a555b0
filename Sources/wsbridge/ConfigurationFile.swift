import ArgumentParser
import BridgeCore
import FoundationEssentials

/// The option `-c FILE` and where the file is looked for without it.
struct ConfigurationFile: ParsableArguments {
    static let places = ["./wsbridge.yaml", "/etc/wsbridge/wsbridge.yaml"]

    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: "The configuration file. Default: ./wsbridge.yaml, then /etc/wsbridge/wsbridge.yaml."
    )
    var file: String?

    /// The file to use.
    ///
    /// - Throws: `ExitStatus.configuration` where none was named and none stands at the usual places.
    func path() throws -> String {
        if let file { return file }
        if let found = Self.places.first(where: FileManager.default.fileExists) { return found }
        StandardStreams.error(
            "there is no configuration file at \(Self.places.joined(separator: " or ")); name one with -c FILE"
        )
        throw ExitStatus.configuration
    }

    /// The control socket that the file names, or the default one where there is no usable file.
    func controlSocketPath() -> String {
        let path = file ?? Self.places.first(where: FileManager.default.fileExists)
        return CheckedConfiguration.controlSocket(in: path)
    }
}
