internal import FoundationEssentials
internal import Glibc
import NIOCore
import NIOPosix
import TLS
import WSClient

/// A bearer token that a program writes to its standard output, run anew each time.
final class CommandAuthorization: AuthorizationSource {
    let isRenewable = true
    private let configuration: TokenCommandConfiguration
    private let eventLoop: any EventLoop
    private var running: ChildCommand?

    /// Threads of their own: a program that takes its time must not hold up name lookups.
    private static let threads: NIOThreadPool = {
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        return threads
    }()

    init(_ configuration: TokenCommandConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
    }

    func authorization(isFresh: Bool) -> EventLoopFuture<Authorization> {
        let configuration = configuration
        let command = ChildCommand(configuration.arguments, timeout: configuration.timeout)
        running = command
        return Self.threads.runIfActive(eventLoop: eventLoop) {
            try CommandToken(configuration).token(of: Result { try command.run() })
        }.map { .bearer($0) }
    }

    func cancel() {
        running?.cancel()
        running = nil
    }
}

/// What a program's end means: a token, or why there is none.
struct CommandToken {
    private let configuration: TokenCommandConfiguration

    init(_ configuration: TokenCommandConfiguration) {
        self.configuration = configuration
    }

    func token(of result: Result<ChildCommand.Outcome, any Error>) throws(WebSocketCredentialError) -> String {
        let outcome: ChildCommand.Outcome
        switch result {
        case .success(let success): outcome = success
        case .failure(let error): throw failure(notStarted(error), needsPerson: !isPassing(error))
        }
        let said = lastLine(of: outcome).map { ": \($0)" } ?? ""
        switch outcome.ending {
        case .exited(0):
            return try token(in: outcome.output)
        case .exited(126):
            throw failure("found a program that can't be executed (exit code 126)\(said)", needsPerson: true)
        case .exited(127):
            throw failure("did not find a program (exit code 127)\(said)", needsPerson: true)
        case .exited(let code):
            throw failure("ended with exit code \(code)\(said)")
        case .signalled(let signal):
            throw failure("was ended by signal \(signal) (\(String(cString: strsignal(signal))))\(said)")
        case .timedOut:
            let limit = Quantity.text(configuration.timeout.milliseconds, units: Quantity.durations)
            throw failure("did not end within \(limit) and was killed\(said)")
        case .wroteTooMuch:
            throw failure("wrote more than 64 KiB and was killed: it must write the token alone", needsPerson: true)
        case .cancelled:
            throw failure("was stopped: nobody waits for its token")
        }
    }

    private func token(in output: [UInt8]) throws(WebSocketCredentialError) -> String {
        var bytes = output[...]
        if bytes.last == UInt8(ascii: "\n") {
            bytes.removeLast()
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        }
        guard !bytes.isEmpty else { throw failure("wrote no token to its standard output", needsPerson: true) }
        guard let token = String(validating: bytes, as: UTF8.self) else {
            throw failure("wrote what is not UTF-8", needsPerson: true)
        }
        guard HeaderText.problem(with: token) == nil else {
            throw failure("must write one line, without control characters", needsPerson: true)
        }
        if let problem = SecretUse.bearerToken.problem(with: token) {
            throw failure("wrote what \(problem)", needsPerson: true)
        }
        return token
    }

    private func failure(_ what: String, needsPerson: Bool = false) -> WebSocketCredentialError {
        let program = configuration.arguments.first ?? ""
        return WebSocketCredentialError(
            "the token command \(TokenCommandConfiguration.shown(program)) \(what)",
            needsPerson: needsPerson
        )
    }

    private func notStarted(_ error: any Error) -> String {
        guard let error = error as? ChildCommand.NotStarted else { return "can't be run" }
        switch error.code {
        case ENOENT: return "can't be started: there is no such program"
        case EACCES, EPERM: return "can't be started: permission denied"
        default: return "can't be started: \(KernelError.words(for: error.code))"
        }
    }

    /// True where the program may be started a moment later: the machine is short of something, or someone is just writing
    /// the program's file (ETXTBSY).
    private func isPassing(_ error: any Error) -> Bool {
        let codes = [EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY]
        return (error as? ChildCommand.NotStarted).map { codes.contains($0.code) } ?? false
    }

    /// The last line that it wrote to its standard error, without what may be secret in it.
    private func lastLine(of outcome: ChildCommand.Outcome) -> String? {
        let lines = outcome.errors.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
        guard let last = lines.last else { return nil }
        let written = outcome.output.split { $0 <= 0x20 }.map { String(decoding: $0, as: UTF8.self) }
        let inherited = ProcessInfo.processInfo.environment
            .filter {
                SecretName.matches($0.key)
                    && $0.value.utf8.count >= EnvironmentSubstitution.shortestSecret
            }
            .map(\.value)
        let shown = Redactor(written.suffix(100) + inherited).redact(String(decoding: last, as: UTF8.self))
        return readable(shown, limit: 200)
    }
}
