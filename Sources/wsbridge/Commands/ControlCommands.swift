import ArgumentParser
import BridgeCore

/// `wsbridge send C MESSAGE`.
struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send a text message over an established connection.",
        discussion: "Exit code 75 if the connection is not established: nothing is queued."
    )

    @OptionGroup var gateway: RunningGateway
    @Argument(help: "The connection's name in the configuration.") var connection: String
    @Argument(help: "The message.") var message: String

    func run() throws {
        _ = try gateway.ask(ControlRequest(verb: .send, connection: connection, message: message))
    }
}

/// `wsbridge connect C`.
struct Connect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Connect a connection, also one that waits or was disconnected.",
        discussion: "With --bearer-token-file the connection uses that token from now on, until a restart."
    )

    @OptionGroup var gateway: RunningGateway
    @Argument(help: "The connection's name in the configuration.") var connection: String
    @Option(help: "A file that holds a bearer token; - reads it from standard input.") var bearerTokenFile: String?

    func run() throws {
        var request = ControlRequest(verb: .connect, connection: connection)
        request.bearerToken = try bearerTokenFile.map(TokenFile.read)
        _ = try gateway.ask(request)
    }
}

/// `wsbridge disconnect C`.
struct Disconnect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Disconnect a connection; it stays so until the next connect."
    )

    @OptionGroup var gateway: RunningGateway
    @Argument(help: "The connection's name in the configuration.") var connection: String

    func run() throws {
        _ = try gateway.ask(ControlRequest(verb: .disconnect, connection: connection))
    }
}

/// `wsbridge log C`: extended logging and logged communication, switched while the gateway runs.
struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Switch extended_logging or log_comms of a connection while the gateway runs."
    )

    @OptionGroup var gateway: RunningGateway
    @Argument(help: "The connection's name in the configuration.") var connection: String
    @Option(help: "Log every life event in detail: on or off.") var extendedLogging: Switch?
    @Option(help: "Log every frame by opcode, length and a short preview: on or off.") var logComms: Switch?

    enum Switch: String, ExpressibleByArgument, CaseIterable {
        case on
        case off
    }

    func validate() throws {
        guard extendedLogging != nil || logComms != nil else {
            throw ValidationError("Say --extended-logging on|off or --log-comms on|off.")
        }
    }

    func run() throws {
        var request = ControlRequest(verb: .log, connection: connection)
        request.extendedLogging = extendedLogging.map { $0 == .on }
        request.logComms = logComms.map { $0 == .on }
        _ = try gateway.ask(request)
    }
}
