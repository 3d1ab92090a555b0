import ArgumentParser
import TLS

/// The exit codes, after sysexits.h.
///
/// Wrong usage (64) is the argument parser's.
enum ExitStatus {
    /// EX_UNAVAILABLE: no running gateway to talk to.
    static let unavailable = ExitCode(69)
    /// EX_TEMPFAIL: `send` while the connection is not established.
    static let notEstablished = ExitCode(75)
    /// EX_SOFTWARE: what nobody foresaw.
    static let unexpected = ExitCode(70)
    /// EX_CONFIG: the configuration is wrong.
    static let configuration = ExitCode(78)
    /// EX_USAGE: for what the argument parser can't know, like a connection's name.
    static let usage = ExitCode(64)

    /// The error itself where it is a command's own or the argument parser's; any other is said on standard error and
    /// becomes `unexpected`, for a plain 1 would tell a script nothing.
    static func foreseen(_ error: any Error) -> any Error {
        guard !(error is ExitCode), Wsbridge.exitCode(for: error) == .failure else { return error }
        StandardStreams.error("unexpected error, please report it: \(readable("\(error)", limit: 1000))")
        return unexpected
    }
}
