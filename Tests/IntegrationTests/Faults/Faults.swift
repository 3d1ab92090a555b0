import Foundation
import TestSupport
import Testing

/// The fault suite's long form is `make faults`; `make test` runs the short one.
enum Faults {
    static let isLong = ProcessInfo.processInfo.environment["FAULTS"] == "long"
    /// Sanitized programs and a preloaded library don't go together.
    static let isSanitized = ProcessInfo.processInfo.environment["SANITIZED"] != nil
    static let isRoot = geteuid() == 0

    static func count(_ short: Int, long: Int) -> Int { isLong ? long : short }

    /// A line of figures for whoever runs the long form.
    static func report(_ line: String) { if isLong { print("faults: \(line)") } }

    /// The library that makes a gateway's disk slow or broken, built once.
    static let faultyDisk = Task { () -> String in
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("faulty-disk.c")
        let library = FileManager.default.temporaryDirectory
            .appendingPathComponent("faulty-disk-\(getpid()).so").path
        let compiler = try (try? Executables.installed("clang")) ?? Executables.installed("cc")
        let built = try await run(compiler, ["-shared", "-fPIC", "-O1", "-o", library, source.path, "-ldl"])
        guard built.status == .exited(0) else { throw SetupError("the faulty disk: \(built.errors)") }
        return library
    }
}

/// A disk that a test makes slow or broken while the gateway runs.
struct FaultyDisk {
    let environment: [String: String]
    private let file: URL

    init(in directory: URL, clockAhead seconds: Int? = nil) async throws {
        file = directory.appendingPathComponent("faulty-disk")
        var environment = ["LD_PRELOAD": try await Faults.faultyDisk.value, "FAULTY_DISK": file.path]
        if let seconds { environment["FAULTY_CLOCK"] = "\(seconds)" }
        self.environment = environment
        try set("")
    }

    /// `delay MS`, `EIO`, `ENOSPC`, `short`, or nothing.
    func set(_ order: String) throws { try order.write(to: file, atomically: true, encoding: .utf8) }
}

/// Numbered messages, and what became of them on their way.
struct Oracle {
    /// Each has its number in front, and a length and content of its own.
    static func text(_ id: Int) -> String {
        "\(id) " + String(repeating: "\(id * 7919 % 9973)", count: id % 40)
    }

    var lost: [Int] = []
    var duplicates = 0
    var invented = 0
    var isInOrder = true

    /// `safe`: those that may not be lost; `sent`: how many there were at all.
    init(received: some Sequence<String>, safe: some Sequence<Int>, sent: Int) {
        var seen: Set<Int> = []
        var last = -1
        for text in received {
            guard let id = Int(text.prefix { $0 != " " }), id < sent, text == Self.text(id) else {
                invented += 1
                continue
            }
            guard seen.insert(id).inserted else {
                duplicates += 1
                continue
            }
            if id < last { isInOrder = false }
            last = id
        }
        lost = safe.filter { !seen.contains($0) }
    }

    func expectNothingLost(_ context: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation)
    {
        #expect(lost.isEmpty, "\(lost.prefix(20)) of \(lost.count)\n\(context())", sourceLocation: sourceLocation)
        #expect(invented == 0, "invented or changed", sourceLocation: sourceLocation)
        #expect(isInOrder, "the first of each is in order", sourceLocation: sourceLocation)
    }
}

extension MQTTMessage {
    /// The gateway said that it may have come before.
    var isMarkedRedelivered: Bool { userProperties.contains { $0.name == "wsbridge-redelivered" } }
}

extension TestWebSocketServer {
    /// Waits for a client that was not there when `count` were.
    func waitForClient(after count: Int) async throws -> Client {
        try await eventualValue(of: "a new client") {
            let clients = clients
            guard clients.count > count, let last = clients.last, last.isEstablished else { return nil }
            return last
        }
    }
}
