internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import NIOConcurrencyHelpers

/// Runs a program without a shell until it has ended, and collects what it wrote.
///
/// It blocks: never call `run` on the event loop. The program inherits the environment and the working folder, and reads
/// nothing; it and all that it started are in a process group of their own, of which nothing is left in the end.
final class ChildCommand: Sendable {
    /// How a program ended.
    struct Outcome {
        var output: [UInt8] = []
        /// The end of its standard error.
        var errors: [UInt8] = []
        var ending: Ending
    }

    enum Ending: Equatable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
        case wroteTooMuch
        case cancelled
    }

    /// There is no such program, or it can't be started; the value is an `errno`.
    struct NotStarted: Error, Equatable {
        var code: Int32
    }

    private struct State {
        /// Known until it is reaped: after that the number may be another's.
        var running: pid_t?
        var isCancelled = false
    }

    static let outputLimit = 64 << 10
    private static let errorsKept = 4 << 10

    private let arguments: [String]
    private let timeout: Duration
    private let state = NIOLockedValueBox(State())

    init(_ arguments: [String], timeout: Duration) {
        self.arguments = arguments
        self.timeout = timeout
    }

    /// Kills it, from any thread.
    func cancel() {
        state.withLockedValue { state in
            state.isCancelled = true
            if let running = state.running { kill(-running, SIGKILL) }
        }
    }

    func run() throws(NotStarted) -> Outcome {
        let deadline = ContinuousClock.now + timeout
        var streams = try ChildStreams()
        defer { streams.close() }
        let isStarted: Result<Bool, NotStarted> = state.withLockedValue { state in
            guard !state.isCancelled else { return .success(false) }
            do throws(NotStarted) {
                state.running = try spawn(streams)
                return .success(true)
            } catch {
                return .failure(error)
            }
        }
        guard try isStarted.get() else { return Outcome(ending: .cancelled) }
        streams.closeChildEnds()
        return collect(&streams, until: deadline)
    }

    private func collect(_ streams: inout ChildStreams, until deadline: ContinuousClock.Instant) -> Outcome {
        var outcome = Outcome(ending: .timedOut)
        while true {
            let left = deadline - .now
            streams.wait(milliseconds: Int32(clamping: max(0, min(left.milliseconds + 1, 20))))
            // Asked before reading: all that it wrote until its end is then there.
            let hasEnded = hasEnded
            streams.read(into: &outcome.output, limit: Self.outputLimit + 1)
            streams.readErrors(into: &outcome.errors, keeping: Self.errorsKept)
            if outcome.output.count > Self.outputLimit {
                outcome.ending = .wroteTooMuch
                _ = reap()
                return outcome
            }
            if hasEnded {
                outcome.ending = reap()
                return outcome
            }
            if left <= .zero {
                _ = reap()
                return outcome
            }
        }
    }

    /// Whether the program itself is over; it stays a zombie until `reap`.
    private var hasEnded: Bool {
        guard let process = state.withLockedValue({ $0.running }) else { return true }
        var info = siginfo_t()
        let options = WEXITED | WNOHANG | WNOWAIT
        return waitid(P_PID, id_t(process), &info, options) == 0 && info.si_signo == SIGCHLD
    }

    /// Ends the group while its number is still ours, and takes the program's status.
    private func reap() -> Ending {
        let (process, isCancelled) = state.withLockedValue { state in
            let process = state.running
            state.running = nil
            if let process { kill(-process, SIGKILL) }
            return (process, state.isCancelled)
        }
        guard let process else { return .cancelled }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        if isCancelled { return .cancelled }
        // wait(2)'s macros, which Swift doesn't see.
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
    }

    private func spawn(_ streams: ChildStreams) throws(NotStarted) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, streams.childOutput, 1)
        posix_spawn_file_actions_adddup2(&actions, streams.childErrors, 2)
        clinux_spawn_addclosefrom(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        var allSignals = sigset_t()
        sigemptyset(&noSignals)
        sigfillset(&allSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setsigdefault(&attributes, &allSignals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        let words = arguments.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, arguments[0], &actions, &attributes, words, variables)
        guard code == 0 else { throw NotStarted(code: code) }
        return process
    }
}
