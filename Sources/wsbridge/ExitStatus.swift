import ArgumentParser

/// The exit codes, after sysexits.h.
///
/// Wrong usage (64) is the argument parser's.
enum ExitStatus {
    /// EX_UNAVAILABLE: no running gateway to talk to.
    static let unavailable = ExitCode(69)
    /// EX_TEMPFAIL: `send` while the connection is not established.
    static let notEstablished = ExitCode(75)
    /// EX_CONFIG: the configuration is wrong.
    static let configuration = ExitCode(78)
    /// EX_USAGE: for what the argument parser can't know, like a connection's name.
    static let usage = ExitCode(64)
}
