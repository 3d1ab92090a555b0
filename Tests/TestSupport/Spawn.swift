import Foundation

/// A started process and our ends of its standard streams.
struct Spawned {
    var processID: pid_t
    var input: Int32
    var output: Int32
    var errors: Int32
}

/// Starts a process with its standard streams and no other open descriptor, default signals, none blocked; it ends with
/// this one.
func spawn(
    _ executable: URL,
    arguments: [String],
    environment: [String: String],
    directory: URL?
) throws -> Spawned {
    guard FileManager.default.isExecutableFile(atPath: executable.path) else {
        throw SetupError("cannot start \(executable.path): there is no such program")
    }
    // `env -C` changes the folder, `setpriv` asks the kernel; each then becomes the next one.
    let commandLine =
        (FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv")
            ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : [])
        + (directory.map { ["/usr/bin/env", "-C", $0.path] } ?? []) + [executable.path] + arguments
    // On one thread: while a child is made, no other child can inherit its pipes.
    return try Spawner.shared.run {
        let (childInput, input) = try makePipe()
        let (output, childOutput) = try makePipe()
        let (errors, childErrors) = try makePipe()
        defer { [childInput, childOutput, childErrors].forEach { close($0) } }
        let processID = try start(commandLine, environment, streams: [childInput, childOutput, childErrors])
        return Spawned(processID: processID, input: input, output: output, errors: errors)
    }
}

private func makePipe() throws -> (reading: Int32, writing: Int32) {
    var descriptors: [Int32] = [0, 0]
    guard pipe(&descriptors) == 0 else { throw SetupError("pipe: errno \(errno)") }
    descriptors.forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
    return (descriptors[0], descriptors[1])
}

private func start(_ commandLine: [String], _ environment: [String: String], streams: [Int32]) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, stream) in streams.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, stream, Int32(target))
    }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
        if let descriptor = Int32(name), descriptor > 2 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    var allSignals = sigset_t()
    sigemptyset(&noSignals)
    sigfillset(&allSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setsigdefault(&attributes, &allSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let arguments = commandLine.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + variables).forEach { free($0) } }
    var processID: pid_t = 0
    let code = posix_spawn(&processID, commandLine[0], &actions, &attributes, arguments, variables)
    guard code == 0 else {
        throw SetupError("cannot start \(commandLine[0]): \(String(cString: strerror(code)))")
    }
    return processID
}
