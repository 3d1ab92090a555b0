import Foundation
import TestSupport
import Testing

/// The exit codes and messages that scripts and service managers rely on.
struct ExitCodeTests {
    private func wsbridge(
        _ arguments: [String],
        in directory: URL,
        file: String? = nil
    ) async throws -> Finished {
        if let file {
            try file.write(to: directory.appendingPathComponent("wsbridge.yaml"), atomically: true, encoding: .utf8)
        }
        return try await run(
            Executables.wsbridge,
            arguments,
            environment: gatewayEnvironment(directory),
            directory: directory
        )
    }

    @Test func zeroForVersionHelpAndAGoodFile() async throws {
        try await withTemporaryDirectory { directory in
            let version = try await wsbridge(["--version"], in: directory)
            #expect(version.status == .exited(0))
            #expect(version.output.contains("0.1.0"))
            let help = try await wsbridge(["--help"], in: directory)
            #expect(help.status == .exited(0))
            for command in ["run", "check", "demo", "status", "send", "connect", "disconnect"] {
                #expect(help.output.contains(command))
            }
            let good = "connections:\n  cloud: { url: ws://127.0.0.1:9 }\n"
            #expect(try await wsbridge(["check"], in: directory, file: good).status == .exited(0))
        }
    }

    @Test("exit 64: usage", arguments: [["fly"], ["run", "--fly"], ["send", "cloud"], ["connect"]])
    func usage(arguments: [String]) async throws {
        try await withTemporaryDirectory { directory in
            let finished = try await wsbridge(arguments, in: directory)
            #expect(finished.status == .exited(64))
            #expect(!finished.errors.isEmpty)
        }
    }

    @Test("exit 78: every error at once, as FILE:LINE:COLUMN: message", arguments: ["check", "run"])
    func badConfiguration(command: String) async throws {
        try await withTemporaryDirectory { directory in
            let file = """
                connections:
                  cloud:
                    url: ws://127.0.0.1:9
                    compresion: true
                    connect_timeout: 5 parsecs
                routes:
                  out:
                    from: clout
                    to: { udp: "127.0.0.1:70000" }
                """
            let finished = try await wsbridge([command], in: directory, file: file)
            #expect(finished.status == .exited(78))
            let lines = finished.errors.split(separator: "\n").filter { $0.contains(#/wsbridge\.yaml:\d+:\d+: /#) }
            #expect(lines.count >= 4)
            #expect(lines.contains { $0.contains(":4:5: ") && $0.contains("compression") }, "did you mean")
            #expect(lines.contains { $0.contains(":5:22: ") })
            #expect(lines.contains { $0.contains(":8:11: ") && $0.contains("cloud") })
            #expect(lines.contains { $0.contains(":9:16: ") })
            #expect(!finished.errors.contains("Fatal error"))
        }
    }

    @Test("exit 78: a file that isn't there is named", arguments: ["check", "run"])
    func missingFile(command: String) async throws {
        try await withTemporaryDirectory { directory in
            let finished = try await wsbridge([command, "-c", "nowhere.yaml"], in: directory)
            #expect(finished.status == .exited(78))
            #expect(finished.errors.contains("nowhere.yaml"))
        }
    }

    @Test("exit 78: a secret is never printed")
    func secretsStaySecret() async throws {
        try await withTemporaryDirectory { directory in
            let file = """
                connections:
                  cloud: { url: ws://127.0.0.1:9, bearer_token: hunter2-hunter2, colour: red }
                mqtt:
                  local: { url: mqtt://127.0.0.1, password: "pass-word-99", username: 5, keep_alive: pass }
                """
            let finished = try await wsbridge(["check"], in: directory, file: file)
            #expect(finished.status == .exited(78))
            #expect(!(finished.errors + finished.output).contains("hunter2"))
            #expect(!(finished.errors + finished.output).contains("pass-word-99"))
        }
    }

    @Test("exit 78: a path that is no FIFO is an error and stays untouched")
    func noFIFO() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("important.txt").path
            try "keep me".write(toFile: path, atomically: true, encoding: .utf8)
            let file = """
                connections:
                  cloud: { url: ws://127.0.0.1:9 }
                routes:
                  out: { from: cloud, to: { fifo: "\(path)" } }
                """
            let finished = try await wsbridge(["check"], in: directory, file: file)
            #expect(finished.status == .exited(78))
            #expect(finished.errors.contains(path))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "keep me")
        }
    }

    @Test(
        "exit 0: who checks needn't have the permission for a port below 1024 that the service has"
    )
    func aPortThatNeedsAPermission() async throws {
        try await withTemporaryDirectory { directory in
            let yaml = """
                connections:
                  cloud: { url: ws://127.0.0.1:9 }
                routes:
                  in: { from: { udp: "127.0.0.1:514" }, to: cloud }
                """
            let file = directory.appendingPathComponent("wsbridge.yaml")
            try yaml.write(to: file, atomically: true, encoding: .utf8)
            let restriction = getuid() == 0 ? ["--bounding-set=-net_bind_service"] : []
            let finished = try await run(
                URL(fileURLWithPath: "/usr/bin/setpriv"),
                restriction + [Executables.wsbridge.path, "check", "-c", file.path],
                environment: gatewayEnvironment(directory),
                directory: directory
            )
            #expect(finished.status == .exited(0), "\(finished.errors)")
        }
    }

    @Test(
        "exit 69: no running gateway to talk to",
        arguments: [
            ["status"], ["send", "cloud", "x"], ["connect", "cloud"], ["disconnect", "cloud"],
        ]
    )
    func noGateway(arguments: [String]) async throws {
        try await withTemporaryDirectory { directory in
            let finished = try await wsbridge(
                arguments,
                in: directory,
                file: "connections:\n  cloud: { url: ws://127.0.0.1:9 }\n"
            )
            #expect(finished.status == .exited(69))
            #expect(!finished.errors.isEmpty)
        }
    }
}
