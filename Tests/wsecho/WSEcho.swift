import ArgumentParser
import Logging
import NIOCore
import NIOPosix
import WSClient

/// An echo client, the smallest useful program on WSClient: it sends back every message it receives.
@main
struct WSEcho: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wsecho",
        abstract: "Connect to a WebSocket server and send back every message.",
        discussion: "Ends when the server closes the connection: 0 if it was established, 69 if it never was."
    )

    @Argument(help: "A ws:// or wss:// URL.")
    var url: String

    @Option(
        help: "Run every case of an Autobahn fuzzing server at URL under this agent's name, and ask for the report."
    )
    var autobahn: String?

    @Flag(help: "Offer permessage-deflate, as --autobahn does too.")
    var compression = false

    @Flag(help: "Log what happens, and every message, on standard error.")
    var verbose = false

    func validate() throws {
        do {
            _ = try WebSocketURL(url)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        if let agent = autobahn {
            try await runAutobahn(agent: agent)
        } else if try await session(url).wasEstablished == false {
            throw ExitCode(69)
        }
    }

    private func runAutobahn(agent: String) async throws {
        let url = url.hasSuffix("/") ? String(url.dropLast()) : url
        let count = try await session(url + "/getCaseCount", echoes: false)
        guard let cases = Int(count.lastText), cases > 0 else {
            print("no number of cases from \(url): \(count.reason)")
            throw ExitCode(69)
        }
        for number in 1...cases {
            let end = try await session(url + "/runCase?case=\(number)&agent=\(agent)")
            guard end.wasEstablished else {
                print("case \(number) of \(cases): \(end.reason)")
                throw ExitCode(69)
            }
        }
        _ = try await session(url + "/updateReports?agent=\(agent)")
        print("\(cases) cases run")
    }

    /// Compresses all that gets smaller by it, with all that the extension has.
    private static var everything: WebSocketCompression {
        var compression = WebSocketCompression()
        compression.minimumSize = 0
        compression.level = 1
        compression.allowsOutgoingContextTakeover = true
        compression.outgoingWindowBits = 15
        compression.maximumRatio = 1032
        return compression
    }

    /// One connection from its first to its last byte.
    private func session(_ url: String, echoes: Bool = true) async throws -> Session.End {
        var logger = Logger(label: "wsecho", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = verbose ? .debug : .critical
        var configuration = WebSocketClientConfiguration(url: try WebSocketURL(url))
        configuration.autoReconnect = false
        if compression || autobahn != nil { configuration.compression = Self.everything }
        return try await Session.run(configuration, echoes: echoes, logsMessages: verbose, logger: logger)
    }
}
