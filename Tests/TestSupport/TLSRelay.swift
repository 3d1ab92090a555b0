import Foundation

/// A TLS listener on a loopback port in front of a plain one: how tests get TLS servers.
package struct TLSRelay: Sendable {
    package let port: Int
    package let process: ChildProcess
}

/// Runs a TLS listener in front of the plain `port` for the duration of `body`.
package func withTLSRelay<Result>(
    to port: Int,
    certificate: TestCertificate,
    clientAuthority: TestCertificate? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TLSRelay) async throws -> Result
) async throws -> Result {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("tls-relay.py")
    var arguments = [script.path, "\(port)", certificate.certificateFile, certificate.keyFile]
    if let clientAuthority { arguments.append(clientAuthority.certificateFile) }
    return try await withProcess(Executables.installed("python3"), arguments) { process in
        let line = try await process.output.line(containing: "listening ")
        guard let port = Int(line.dropFirst("listening ".count)) else { throw SetupError(line) }
        return try await body(TLSRelay(port: port, process: process))
    }
}
