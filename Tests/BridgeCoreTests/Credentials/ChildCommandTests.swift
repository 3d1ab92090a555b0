import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing
import WSClient

@testable import BridgeCore

/// Programs that give tokens, and those that don't: none is left, and none is waited for without end.
struct ChildCommandTests {
    private func shell(_ script: String, timeout: Duration = .seconds(20)) throws -> ChildCommand.Outcome {
        try ChildCommand(["/bin/sh", "-c", script], timeout: timeout).run()
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func collectsWhatItWrites() throws {
        let outcome = try shell("echo token; echo warning >&2")
        #expect(outcome.ending == .exited(0))
        #expect(text(outcome.output) == "token\n" && text(outcome.errors) == "warning\n")
    }

    @Test func argumentsAreNoShellsBusiness() throws {
        let outcome = try ChildCommand(["printf", "%s", "$HOME; `id` *"], timeout: .seconds(20)).run()
        #expect(text(outcome.output) == "$HOME; `id` *")
    }

    @Test func itReadsNothingAndHasNoOtherDescriptors() throws {
        let outcome = try shell("cat; ls /proc/self/fd | wc -l")
        // Three streams, and the one by which `ls` reads the folder.
        #expect(text(outcome.output).trimmingCharacters(in: .whitespacesAndNewlines) == "4")
    }

    @Test func exitCodesAndSignalsAreKept() throws {
        #expect(try shell("exit 3").ending == .exited(3))
        #expect(try shell("kill -TERM $$").ending == .signalled(15))
    }

    @Test func whatIsNotThereIsNotStarted() {
        #expect(throws: ChildCommand.NotStarted(code: ENOENT)) {
            try ChildCommand(["/no/such/program"], timeout: .seconds(1)).run()
        }
    }

    @Test("S14: what never ends is killed with all that it started, and is no zombie") func timeout() async throws {
        try await withTemporaryDirectory { folder in
            let start = ContinuousClock.now
            let script = "sleep 1000 & echo $$ $! > \(folder.path)/ids; trap '' TERM; wait; sleep 1000"
            let outcome = try shell(script, timeout: .seconds(2))
            #expect(outcome.ending == .timedOut)
            #expect(ContinuousClock.now - start < .seconds(100))
            let ids = try String(contentsOfFile: "\(folder.path)/ids", encoding: .utf8)
                .split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
            #expect(ids.count == 2)
            #expect(kill(ids[0], 0) != 0, "reaped")
            // The child's child belongs to init by now, which reaps it when it likes.
            try await eventually("the end of \(ids[1])") { isOver(ids[1]) }
        }
    }

    @Test func whatItLeavesBehindDoesNotHoldItUp() throws {
        let start = ContinuousClock.now
        let outcome = try shell("sleep 1000 & echo token")
        #expect(outcome.ending == .exited(0) && text(outcome.output) == "token\n")
        #expect(ContinuousClock.now - start < .seconds(100))
    }

    @Test("S14: what writes without end is killed") func flood() throws {
        let outcome = try shell("yes", timeout: .seconds(60))
        #expect(outcome.ending == .wroteTooMuch)
        let errors = try shell("yes warning | head -c 3000000 >&2; echo last >&2")
        #expect(errors.ending == .exited(0))
        #expect(errors.errors.count <= 4096 && text(errors.errors).hasSuffix("last\n"))
    }

    @Test func itCanBeCancelled() async throws {
        try await withTemporaryDirectory { folder in
            let sign = folder.appendingPathComponent("runs").path
            let command = ChildCommand(["/bin/sh", "-c", "touch \(sign); exec sleep 1000"], timeout: .seconds(1000))
            let ending = NIOLockedValueBox<ChildCommand.Ending?>(nil)
            // A thread of its own: it blocks, and other tests may keep all of theirs busy.
            Thread.detachNewThread {
                let outcome = try? command.run()
                ending.withLockedValue { $0 = outcome?.ending }
            }
            defer { command.cancel() }
            try await eventually("its start") { FileManager.default.fileExists(atPath: sign) }
            command.cancel()
            try await eventually("its end") { ending.withLockedValue { $0 } == .cancelled }
        }
    }

    private func isOver(_ process: pid_t) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        return status.isEmpty || status.contains(") Z ")
    }
}

struct CommandTokenTests {
    private let reader = CommandToken(TokenCommandConfiguration(arguments: ["/usr/bin/get-token", "--quiet"]))

    private func said(_ outcome: ChildCommand.Outcome) -> String {
        do throws(WebSocketCredentialError) {
            return try reader.token(of: .success(outcome))
        } catch {
            return error.reason + (error.needsPerson ? " (person)" : "")
        }
    }

    private func outcome(
        _ output: String,
        _ errors: String = "",
        _ ending: ChildCommand.Ending = .exited(0)
    ) -> ChildCommand.Outcome {
        ChildCommand.Outcome(output: Array(output.utf8), errors: Array(errors.utf8), ending: ending)
    }

    @Test func oneLineIsAToken() {
        #expect(said(outcome("abc")) == "abc")
        #expect(said(outcome("abc\n")) == "abc")
        #expect(said(outcome("abc\r\n")) == "abc")
    }

    @Test("S6: several lines are none") func severalLines() {
        let words = "the token command '/usr/bin/get-token' must write one line, without control characters (person)"
        #expect(said(outcome("abc\n\n")) == words)
        #expect(said(outcome("abc\nX-Evil: y\n")) == words)
        #expect(said(outcome("a\u{0}b")) == words)
        #expect(
            said(outcome("\n"))
                == "the token command '/usr/bin/get-token' wrote no token to its standard output (person)"
        )
    }

    @Test func eachEndHasItsWords() {
        let name = "the token command '/usr/bin/get-token'"
        #expect(said(outcome("", "a\nlogin is down\n", .exited(3))) == "\(name) ended with exit code 3: login is down")
        #expect(said(outcome("", "", .exited(3))) == "\(name) ended with exit code 3")
        #expect(said(outcome("", "", .signalled(9))) == "\(name) was ended by signal 9 (Killed)")
        #expect(said(outcome("", "", .timedOut)) == "\(name) did not end within 5s and was killed")
        #expect(
            said(outcome("", "sh: curl: not found", .exited(127)))
                == "\(name) did not find a program (exit code 127): sh: curl: not found (person)"
        )
        let failure = #expect(throws: WebSocketCredentialError.self) {
            try reader.token(of: .failure(ChildCommand.NotStarted(code: ENOENT)))
        }
        #expect(failure?.reason == "\(name) can't be started: there is no such program")
        #expect(failure?.needsPerson == true)
    }

    @Test("what will be over in a moment needs nobody", arguments: [EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY])
    func passing(code: CInt) {
        let failure = #expect(throws: WebSocketCredentialError.self) {
            try reader.token(of: .failure(ChildCommand.NotStarted(code: code)))
        }
        #expect(failure?.needsPerson == false)
    }

    @Test("S7: the reason holds neither the token nor escapes") func hidesTheToken() {
        let words = said(outcome("canary-token\n", "got canary-token\u{1B}[2J but no permission\n", .exited(1)))
        #expect(!words.contains("canary") && !words.contains("\u{1B}"))
        #expect(words.contains("got ***"))
    }
}
