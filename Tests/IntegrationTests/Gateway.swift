import Foundation
import TestSupport
import Testing

/// The built gateway, running as a process with a configuration of its own.
struct Gateway {
    let process: ChildProcess
    let directory: URL
    let environment: [String: String]

    /// What it logs.
    var log: LineLog { process.errors }

    /// Runs `wsbridge` with these arguments beside the gateway: it finds the same file and the same control socket.
    func command(_ arguments: String...) async throws -> Finished {
        try await run(Executables.wsbridge, arguments, environment: environment, directory: directory)
    }

    /// `wsbridge status --json`.
    func status() async throws -> Stats {
        let finished = try await command("status", "--json")
        guard finished.status == .exited(0) else { throw SetupError("status: \(finished.errors)\n\(log.tail())") }
        return try Stats(Array(finished.output.utf8))
    }

    /// Waits until a live status has what `isWanted` looks for.
    @discardableResult
    func status(
        _ what: String,
        within limit: Duration = .seconds(20),
        where isWanted: (Stats) -> Bool
    ) async throws -> Stats {
        do {
            return try await eventualValue(of: what, within: limit) {
                let status = try await status()
                return isWanted(status) ? status : nil
            }
        } catch let error as DeadlinePassed {
            throw DeadlinePassed(what, within: limit, context: "\(error)\n\(try await status())\n\(log.tail())")
        }
    }

    /// SIGTERM, and exit code 0.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        process.terminate()
        let status = try await process.waitForExit()
        #expect(status == .exited(0), "\(log.tail())", sourceLocation: sourceLocation)
    }
}

/// Runs the gateway with this configuration for the duration of `body`, which begins when it is ready.
func withGateway<Result>(
    _ yaml: String,
    in directory: URL,
    environment: [String: String] = [:],
    waitsUntilReady: Bool = true,
    _ body: (Gateway) async throws -> Result
) async throws -> Result {
    try yaml.write(to: directory.appendingPathComponent("wsbridge.yaml"), atomically: true, encoding: .utf8)
    let all = gatewayEnvironment(directory).merging(environment) { $1 }
    return try await withProcess(Executables.wsbridge, ["run"], environment: all, directory: directory) { process in
        let gateway = Gateway(process: process, directory: directory, environment: all)
        if waitsUntilReady { _ = try await gateway.log.line(containing: "ready") }
        return try await body(gateway)
    }
}

/// Nothing of the machine's own but PATH: no token, proxy or runtime folder of the user who runs the tests.
func gatewayEnvironment(_ directory: URL) -> [String: String] {
    let own = ProcessInfo.processInfo.environment.filter {
        ["PATH", "HOME", "TMPDIR", "LANG"].contains($0.key) || $0.key.hasSuffix("SAN_OPTIONS")
    }
    return own.merging(["RUNTIME_DIRECTORY": directory.path]) { $1 }
}
