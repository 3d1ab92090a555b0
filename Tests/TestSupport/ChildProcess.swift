package import Foundation
import NIOConcurrencyHelpers

/// How a process ended.
package enum ExitStatus: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
}

/// Something that a test stands on could not be set up.
package struct SetupError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// A child process whose output is collected line by line.
///
/// Made by `withProcess`, which ends it.
package final class ChildProcess: Sendable {
    package let processID: pid_t
    package let output = LineLog(name: "standard output")
    package let errors = LineLog(name: "standard error")
    private let input: Int32
    private let status = NIOLockedValueBox<ExitStatus?>(nil)

    /// Starts `executable` with nothing open but its standard streams.
    init(_ executable: URL, arguments: [String], environment: [String: String]?, directory: URL?) throws {
        let started = try spawn(
            executable,
            arguments: arguments,
            environment: environment ?? ProcessInfo.processInfo.environment,
            directory: directory
        )
        processID = started.processID
        input = started.input
        Self.collect(started.output, into: self.output)
        Self.collect(started.errors, into: self.errors)
        waitOnThread()
    }

    deinit { close(input) }

    /// `nil` while it runs.
    package var exitStatus: ExitStatus? { status.withLockedValue { $0 } }

    package var isRunning: Bool { exitStatus == nil }

    /// Sends a signal, unless the process has ended.
    package func send(_ signal: Int32) {
        status.withLockedValue { status in
            if status == nil { _ = kill(processID, signal) }
        }
    }

    package func terminate() { send(SIGTERM) }

    /// Waits for the process's end.
    package func waitForExit(within limit: Duration = .seconds(30)) async throws -> ExitStatus {
        do {
            let status = try await eventualValue(of: "the process's end", within: limit) { exitStatus }
            // What it wrote last is still on its way through the pipes; a grandchild may hold them open.
            try? await eventually("the end of its output", within: .seconds(2)) { output.isAtEnd && errors.isAtEnd }
            return status
        } catch let error as DeadlinePassed {
            throw DeadlinePassed("process \(processID) to end", within: limit, context: "\(error)\n\(errors.tail())")
        }
    }

    /// Writes to its standard input; meant for a few lines, since it waits while the pipe is full.
    package func feed(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
    }

    /// Ends it: asks first, then insists, and waits until it is gone.
    func end() async {
        terminate()
        send(SIGCONT)
        if (try? await waitForExit(within: .seconds(10))) == nil {
            send(SIGKILL)
            _ = try? await waitForExit(within: .seconds(10))
        }
    }

    private static func collect(_ descriptor: Int32, into log: LineLog) {
        Thread.detachNewThread {
            withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
                while true {
                    let count = read(descriptor, buffer.baseAddress, buffer.count)
                    if count > 0 {
                        log.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    } else if count == 0 || errno != EINTR {
                        break
                    }
                }
            }
            close(descriptor)
            log.end()
        }
    }

    private func waitOnThread() {
        Thread.detachNewThread { [self] in
            var information = siginfo_t()
            while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            // Reaped under the lock, so that `send` never signals a process id that is no longer ours.
            status.withLockedValue { status in
                var code: Int32 = 0
                while waitpid(processID, &code, 0) < 0, errno == EINTR {}
                let signal = code & 0x7f
                status = signal == 0 ? .exited((code >> 8) & 0xff) : .signalled(signal)
            }
        }
    }
}

/// Runs `executable` for the duration of `body`; it is ended, if need be killed, before this returns.
package func withProcess<Result>(
    _ executable: URL,
    _ arguments: [String] = [],
    environment: [String: String]? = nil,
    directory: URL? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (ChildProcess) async throws -> Result
) async throws -> Result {
    let process = try ChildProcess(executable, arguments: arguments, environment: environment, directory: directory)
    do {
        let result = try await body(process)
        await process.end()
        return result
    } catch {
        await process.end()
        throw error
    }
}

/// What a process that ran to its end left behind.
package struct Finished: Sendable {
    package var status: ExitStatus
    package var output: String
    package var errors: String
}

/// Runs `executable` to its end.
package func run(
    _ executable: URL,
    _ arguments: [String] = [],
    environment: [String: String]? = nil,
    directory: URL? = nil,
    within limit: Duration = .seconds(30)
) async throws -> Finished {
    try await withProcess(executable, arguments, environment: environment, directory: directory) { process in
        let status = try await process.waitForExit(within: limit)
        return Finished(status: status, output: process.output.text, errors: process.errors.text)
    }
}
