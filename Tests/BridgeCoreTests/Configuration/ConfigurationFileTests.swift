import BridgeCore
import Testing

/// The file itself: there, readable, and seen by whom.
struct ConfigurationFileTests {
    private let loader = ConfigurationLoader(environment: [:], hostName: "h", userID: 0)

    private func messages(_ path: String) -> [String] {
        loader.load(path: path).diagnostics.map(\.description)
    }

    @Test func aFileThatIsNotThereIsNamed() {
        #expect(messages("/nowhere/wsbridge.yaml") == ["/nowhere/wsbridge.yaml: there is no such file"])
    }

    @Test func aFolderIsNoFile() throws {
        try withTemporaryFolder { folder in
            #expect(messages(folder.path) == ["\(folder.path): this is a folder, not a file"])
            let file = try folder.write("a", to: "file")
            #expect(messages("\(file)/x") == ["\(file)/x: a part of the path is no folder"])
        }
    }

    @Test func diagnosticsBeginWithFileLineAndColumn() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("instance: a\n\nrout: {}\nshutdown_timeout: 5\n", to: "site.yaml")
            #expect(
                messages(path) == [
                    "\(path):3:1: unknown key 'rout': did you mean 'routes'?",
                    "\(path):4:19: shutdown_timeout must be a duration from 0 to 10m, such as 10s, found the number 5: "
                        + "write a unit, such as 5s",
                ]
            )
        }
    }

    @Test func whoMayReadItMatters() throws {
        try withTemporaryFolder { folder in
            let text = "connections: { a: { url: wss://a.b, bearer_token: x } }\nroutes: {}\n"
            for (mode, count) in [(0o600, 0), (0o640, 0), (0o644, 1)] {
                let path = try folder.write(text, to: "site.yaml", mode: mode)
                let outcome = loader.load(path: path)
                #expect(outcome.configuration != nil)
                #expect(outcome.diagnostics.filter { $0.severity == .warning }.count == count)
            }
        }
    }

    @Test func thisMachinesNameIsADefault() {
        let outcome = ConfigurationLoader(environment: [:]).load(Array("routes: {}\n".utf8), file: "f")
        #expect(outcome.configuration?.instance.isEmpty == false)
    }

    @Test func aFileOfOver1MiBIsRefusedWithoutReadingOn() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write([UInt8](repeating: 0x23, count: 3 << 20), to: "site.yaml")
            #expect(messages(path) == ["\(path):1:1: the file is larger than 1 MiB"])
        }
    }
}
