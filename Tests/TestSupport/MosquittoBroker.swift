package import Foundation
import NIOConcurrencyHelpers

/// The listener's TLS files for `withMosquittoBroker`.
package struct MosquittoTLS: Sendable {
    package var authority: String
    package var certificate: String
    package var key: String
    package var requiresClientCertificate: Bool

    package init(authority: String, certificate: String, key: String, requiresClientCertificate: Bool = false) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.requiresClientCertificate = requiresClientCertificate
    }
}

/// The installed mosquitto, run as a private broker on a free loopback port.
///
/// Made by `withMosquittoBroker`.
package final class MosquittoBroker: Sendable {
    package let port: Int
    /// Holds its configuration, password file and persistence.
    package let directory: URL
    private let process: NIOLockedValueBox<ChildProcess?> = NIOLockedValueBox(nil)

    /// `mqtt://127.0.0.1:PORT`.
    package var url: String { "mqtt://127.0.0.1:\(port)" }

    fileprivate init(port: Int, directory: URL) {
        self.port = port
        self.directory = directory
    }

    /// What this run of the broker logged.
    ///
    /// Subscriptions are lines of the form `<client id> <qos> <filter>`.
    package var log: LineLog {
        process.withLockedValue { $0?.errors } ?? LineLog(name: "a broker that doesn't run")
    }

    /// How often `filter` was subscribed to in this run of the broker.
    package func subscriptions(to filter: String) -> Int {
        log.lines.count { $0.hasSuffix(" \(filter)") }
    }

    /// Starts it again after `stop()`, on the same port.
    package func start() async throws {
        let started = try ChildProcess(
            Executables.installed("mosquitto"),
            arguments: ["-c", directory.appendingPathComponent("mosquitto.conf").path],
            environment: nil,
            directory: directory
        )
        do {
            _ = try await started.errors.line("the broker's start", within: .seconds(10)) {
                $0.contains("mosquitto version") && $0.hasSuffix("running")
            }
        } catch {
            await started.end()
            throw error
        }
        process.withLockedValue { $0 = started }
    }

    /// Stops it in order, as `systemctl stop` would.
    package func stop() async {
        let running = process.withLockedValue { process in
            defer { process = nil }
            return process
        }
        await running?.end()
    }

    /// Stops it in order and starts it again on the same port.
    package func restart() async throws {
        await stop()
        try await start()
    }

    /// Kills it without notice and without a last word to its clients.
    package func crash() async {
        process.withLockedValue { $0?.send(SIGKILL) }
        await stop()
    }

    /// Lets it hang: its sockets stay open, nothing answers.
    package func freeze() { process.withLockedValue { $0?.send(SIGSTOP) } }

    /// Ends `freeze()`.
    package func thaw() { process.withLockedValue { $0?.send(SIGCONT) } }
}

/// Runs a private broker for the duration of `body`.
///
/// `lines` are added to its configuration. Its queues are unbounded, so that a slow recorder loses nothing.
/// With `users` (name: password) nobody else gets in; with `persistence` retained messages and sessions outlive a restart.
package func withMosquittoBroker<Result>(
    _ lines: String...,
    users: [String: String] = [:],
    tls: MosquittoTLS? = nil,
    persistence: Bool = false,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (MosquittoBroker) async throws -> Result
) async throws -> Result {
    try await withTemporaryDirectory { directory in
        let broker = try await startedBroker(
            in: directory,
            lines: lines,
            users: users,
            tls: tls,
            persistence: persistence
        )
        do {
            let result = try await body(broker)
            broker.thaw()
            await broker.stop()
            return result
        } catch {
            broker.thaw()
            await broker.stop()
            throw error
        }
    }
}

private func startedBroker(
    in directory: URL,
    lines: [String],
    users: [String: String],
    tls: MosquittoTLS?,
    persistence: Bool
) async throws -> MosquittoBroker {
    let passwords = directory.appendingPathComponent("passwords").path
    for (index, user) in users.enumerated() {
        let arguments = (index == 0 ? ["-c", "-b"] : ["-b"]) + [passwords, user.key, user.value]
        let result = try await run(Executables.installed("mosquitto_passwd"), arguments)
        guard result.status == .exited(0) else { throw SetupError("mosquitto_passwd: \(result.errors)") }
    }
    var lastError: (any Error)?
    // Somebody may take the port between its choice and the broker's bind.
    for _ in 0..<5 {
        let broker = MosquittoBroker(port: freePort(), directory: directory)
        var configuration = [
            "listener \(broker.port) 127.0.0.1",
            "allow_anonymous \(users.isEmpty)",
            "log_dest stderr",
            "log_type error", "log_type warning", "log_type notice", "log_type information", "log_type subscribe",
            "log_timestamp false",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
            "persistence \(persistence)",
            "persistence_location \(directory.path)/",
        ]
        // As root mosquitto would become another user, who can't read this folder.
        if geteuid() == 0 { configuration.append("user root") }
        if !users.isEmpty { configuration.append("password_file \(passwords)") }
        if let tls {
            configuration += [
                "cafile \(tls.authority)", "certfile \(tls.certificate)", "keyfile \(tls.key)",
                "require_certificate \(tls.requiresClientCertificate)",
            ]
        }
        try (configuration + lines).joined(separator: "\n").appending("\n")
            .write(to: directory.appendingPathComponent("mosquitto.conf"), atomically: true, encoding: .utf8)
        do {
            try await broker.start()
            return broker
        } catch {
            lastError = error
        }
    }
    throw lastError ?? SetupError("the broker did not start")
}
