import ArgumentParser
import BridgeCore

/// How the command line finds the running gateway, and what its refusals mean for the exit code.
struct RunningGateway: ParsableArguments {
    @OptionGroup var file: ConfigurationFile
    @Option(help: "The gateway's control socket. Default: the one that the configuration names.")
    var controlSocket: String?

    /// Asks, and returns an answer that is `ok`.
    func ask(_ request: ControlRequest) throws -> ControlResponse {
        let path = controlSocket ?? file.controlSocketPath()
        guard let client = ControlClient(path: path) else {
            StandardStreams.error("no running gateway answers at \(path); name it with --control-socket or -c")
            throw ExitStatus.unavailable
        }
        guard let response = client.ask(request) else {
            StandardStreams.error("the gateway at \(path) gave no answer")
            throw ExitStatus.unavailable
        }
        guard response.result != .ok else { return response }
        StandardStreams.error(response.message ?? response.result.rawValue)
        switch response.result {
        case .ok: return response
        case .notEstablished, .busy: throw ExitStatus.notEstablished
        case .unknownConnection, .badRequest: throw ExitStatus.usage
        }
    }
}
