import ArgumentParser
import BridgeCore
import FoundationEssentials

/// `wsbridge status [--json]`.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how the running gateway is: connections, brokers, and each route's balance."
    )

    @OptionGroup var gateway: RunningGateway
    @Flag(help: "As JSON, in the shape of the stats topic.") var json = false

    func run() throws {
        guard let stats = try gateway.ask(ControlRequest(verb: .status)).stats else { return }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            StandardStreams.output(String(decoding: try encoder.encode(stats), as: UTF8.self))
        } else {
            StandardStreams.output(StatusText.text(of: stats))
        }
    }
}
