import Foundation

/// Runs TLS servers, each with its arguments to `tls-servers.py`, for the duration of `body`, which gets their ports.
package func withTLSServers<Result>(
    _ servers: [[String]],
    isolation: isolated (any Actor)? = #isolation,
    _ body: (_ ports: [Int], ChildProcess) async throws -> Result
) async throws -> Result {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("tls-servers.py")
    let arguments = [script.path] + servers.map { $0.joined(separator: ",") }
    return try await withProcess(Executables.installed("python3"), arguments) { process in
        let line = try await process.output.line(containing: "listening ")
        return try await body(line.split(separator: " ").dropFirst().compactMap { Int($0) }, process)
    }
}
