import ArgumentParser

/// The command line.
///
/// Its subcommands are thin: what they do lives in the targets below.
@main
struct Wsbridge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wsbridge",
        abstract: "Keeps WebSocket connections alive and bridges them to MQTT, UDP and named pipes.",
        discussion: """
            wsbridge run -c wsbridge.yaml      run the gateway
            wsbridge check -c wsbridge.yaml    say everything that is wrong with a configuration
            wsbridge demo                      see it work, with everything it needs, in a minute

            Logs go to standard error, results to standard output.
            Exit codes: 0 done; 64 wrong usage; 69 no running gateway to talk to; 70 an error that nobody foresaw;
            75 not established, try again later; 78 wrong configuration.
            """,
        version: Version.text,
        subcommands: [
            Run.self, Check.self, Demo.self, Status.self, Send.self, Connect.self, Disconnect.self, Log.self,
            SpoolCommands.self, Schema.self,
        ]
    )

    /// Runs a command and ends the process with the code of its outcome.
    static func main() async {
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: ExitStatus.foreseen(error))
        }
    }
}
