import Foundation
import TestSupport
import Testing

/// What keeps the real gateway from using its `state_dir`, in words that say what to do.
struct BadSpoolTests {
    private func yaml(_ directory: URL, stateDirectory: String = "state", queue: String = "store: always") -> String {
        """
        state_dir: \(directory.path)/\(stateDirectory)
        connections: { cloud: { url: "ws://127.0.0.1:1" } }
        mqtt: { local: { url: "mqtt://127.0.0.1:1" } }
        status: { mqtt: none }
        routes: { out: { from: cloud, to: { mqtt: local, topic: t, qos: 1 }, queue: { \(queue) } } }

        """
    }

    private func wsbridge(_ arguments: String..., yaml: String, in directory: URL) async throws -> Finished {
        try yaml.write(to: directory.appendingPathComponent("wsbridge.yaml"), atomically: true, encoding: .utf8)
        let environment = gatewayEnvironment(directory)
        return try await run(Executables.wsbridge, arguments, environment: environment, directory: directory)
    }

    /// In the file's header stand the program's number, at 68, and the format's, at 60.
    @Test(arguments: [
        (68, [1, 2, 3, 4], "is no spool of wsbridge: choose another state_dir, or move the file away"),
        (60, [0, 0, 0, 9], "by a later version of wsbridge (format 9): run that version, or move the file away"),
    ])
    func aFileThatIsNotOursIsLeftAlone(offset: Int, bytes: [UInt8], message: String) async throws {
        try await withTemporaryDirectory { directory in
            try await withGateway(yaml(directory), in: directory) { try await $0.stop() }
            let file = directory.appendingPathComponent("state/spool.sqlite")
            var content = try Data(contentsOf: file)
            content.replaceSubrange(offset..<offset + 4, with: bytes)
            try content.write(to: file)
            for arguments in [["check"], ["run"], ["spool", "list"]] {
                let finished = try await run(
                    Executables.wsbridge,
                    arguments,
                    environment: gatewayEnvironment(directory),
                    directory: directory
                )
                #expect(finished.status == .exited(78))
                #expect(finished.errors.contains("\(file.path) ") && finished.errors.contains(message), "\(finished)")
                if arguments == ["check"] {
                    #expect(finished.errors.contains("wsbridge.yaml:1:12: state_dir: "), "\(finished)")
                }
            }
            #expect(try Data(contentsOf: file) == content, "not a byte is changed")
        }
    }

    @Test func aSpoolInUseIsGood() async throws {
        try await withTemporaryDirectory { directory in
            for _ in 0..<2 {
                try await withGateway(yaml(directory), in: directory) { gateway in
                    #expect(try await gateway.command("check").status == .exited(0))
                    try await gateway.stop()
                    #expect(try await gateway.command("check").status == .exited(0))
                }
            }
        }
    }

    @Test(arguments: [
        ("none/state", "its parent folder", "doesn't exist: make it"),
        ("file", "it is no folder", "name a folder"),
        ("shared", "others may change it", "chmod 700 the folder"),
    ])
    func aFolderThatCannotBeUsedIsSaidAtItsPlace(path: String, message: String, advice: String) async throws {
        try await withTemporaryDirectory { directory in
            try Data().write(to: directory.appendingPathComponent("file"))
            let shared = directory.appendingPathComponent("shared").path
            try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: false)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: shared)
            for command in ["check", "run"] {
                let finished = try await wsbridge(command, yaml: yaml(directory, stateDirectory: path), in: directory)
                #expect(finished.status == .exited(78))
                #expect(finished.errors.contains("wsbridge.yaml:1:12: state_dir: "), "\(finished)")
                #expect(finished.errors.contains(message) && finished.errors.contains(advice), "\(finished)")
            }
        }
    }

    @Test(arguments: [
        ("store: always, max_disk: 1KiB", "max_disk must be a size from 1MiB"),
        ("when_full: conflate", "when_full: conflate needs conflate_by, such as $.symbol"),
        ("when_full: conflate, conflate_by: symbol", "conflate_by: a JSON path begins with $: write $.name"),
        ("conflate_by: $.symbol", "conflate_by needs when_full: conflate"),
        ("ttl: 0s", "ttl must be a duration from 1ms to 8760h, such as 10s, or none, found '0s'"),
        ("ttl: 99999h", "ttl must be a duration from 1ms to 8760h, such as 10s, or none, found '99999h'"),
    ])
    func aQueueThatCannotBeIsSaidOnce(queue: String, message: String) async throws {
        try await withTemporaryDirectory { directory in
            let finished = try await wsbridge("check", yaml: yaml(directory, queue: queue), in: directory)
            #expect(finished.status == .exited(78))
            #expect(finished.errors.contains(message), "\(finished)")
            #expect(finished.errors.split(separator: "\n").count == 1, "\(finished)")
        }
    }

    @Test func whereNoSpoolIsTheCommandsSaySo() async throws {
        try await withTemporaryDirectory { directory in
            let finished = try await wsbridge("spool", "list", yaml: yaml(directory), in: directory)
            #expect(finished.status == .exited(78))
            #expect(finished.errors.contains("there is no spool in \(directory.path)/state"), "\(finished)")
        }
    }
}
