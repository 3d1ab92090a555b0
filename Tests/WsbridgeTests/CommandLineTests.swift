import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import wsbridge

/// What the command line reads, and what it says to the shell.
struct CommandLineTests {
    @Test func exitCodesAreThoseOfSysexits() {
        #expect(ExitStatus.usage.rawValue == 64)
        #expect(ExitStatus.unavailable.rawValue == 69)
        #expect(ExitStatus.notEstablished.rawValue == 75)
        #expect(ExitStatus.configuration.rawValue == 78)
        #expect(ExitCode.validationFailure == ExitStatus.usage)
    }

    @Test(arguments: ["abc", "abc\n", "abc\r\n"])
    func aTokenFileHoldsOneLine(content: String) throws {
        let token = try token(content)
        #expect(token == "abc")
    }

    @Test(arguments: ["", "\n", "a b", "a\nb", "a\n\n", "tökén"])
    func aTokenThatFitsInNoHeaderIsRefused(content: String) {
        #expect(throws: ValidationError.self) { try token(content) }
    }

    @Test func aTokenFileThatIsNotThereIsRefused() {
        #expect(throws: ValidationError.self) { try TokenFile.read("/nonexistent/token") }
    }

    @Test func aNamedFileIsTakenAsItIs() throws {
        let file = try ConfigurationFile.parse(["-c", "/nonexistent.yaml"])
        let path = try file.path()
        #expect(path == "/nonexistent.yaml")
    }

    @Test func findsTheControlSocketThoughAVariableIsNotSetHere() throws {
        try withFile("control_socket: /run/x/y.sock\ninstance: '${WSBRIDGE_TESTS_UNSET}'\nroutes: {}\n") { path in
            let file = try ConfigurationFile.parse(["-c", path])
            #expect(file.controlSocketPath() == "/run/x/y.sock")
        }
    }

    private func token(_ content: String) throws -> String {
        try withFile(content) { try TokenFile.read($0) }
    }

    private func withFile<Result>(_ content: String, _ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("wsbridge-\(UUID())").path
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }
}
