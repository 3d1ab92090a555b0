import Foundation

/// A mosquitto of the demo's own on a free loopback port, and its command line clients.
struct DemoBroker {
    enum Failure: Error, CustomStringConvertible {
        case notInstalled(String)
        case didNotStart

        var description: String {
            switch self {
            case .notInstalled(let program):
                "\(program) is not installed; on Debian: apt-get install mosquitto mosquitto-clients"
            case .didNotStart: "mosquitto did not start"
            }
        }
    }

    let port: Int
    private let process: Process
    private let subscriber: Process

    /// Starts the broker, and a subscriber that reports what comes below `feed/`.
    static func start(port: Int, in folder: String, report: DemoReport) async throws -> DemoBroker {
        let configuration = folder + "/mosquitto.conf"
        try "listener \(port) 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n"
            .write(toFile: configuration, atomically: true, encoding: .utf8)
        let process = try launch("mosquitto", ["-c", configuration])
        guard await answers(port) else {
            kill(process.processIdentifier, SIGKILL)
            throw Failure.didNotStart
        }
        let output = Pipe()
        let subscriber = try launch(
            "mosquitto_sub",
            ["-p", "\(port)", "-v", "-t", "feed/trades/#", "-t", "wsbridge/demo/+/state"],
            output: output
        )
        let lines = DemoLines { line in
            if line.hasPrefix("feed/trades/") {
                report.arrived(.toMQTT, line)
            } else {
                report.say("  status topic        \(line)")
            }
        }
        output.fileHandleForReading.readabilityHandler = { lines.feed($0.availableData) }
        return DemoBroker(port: port, process: process, subscriber: subscriber)
    }

    func publish(_ text: String, to topic: String) throws {
        _ = try Self.launch("mosquitto_pub", ["-p", "\(port)", "-q", "1", "-t", topic, "-m", text])
    }

    func stop() {
        // Started from a thread that blocks signals, they would not hear a SIGTERM.
        kill(subscriber.processIdentifier, SIGKILL)
        kill(process.processIdentifier, SIGKILL)
    }

    private static func launch(_ program: String, _ arguments: [String], output: Pipe? = nil) throws -> Process {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        // Debian keeps the broker in /usr/sbin, which is not on everybody's path.
        let candidates = (folders + ["/usr/sbin", "/usr/local/sbin"]).map { "\($0)/\(program)" }
        guard let path = candidates.first(where: FileManager.default.isExecutableFile) else {
            throw Failure.notInstalled(program)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        if let output { process.standardOutput = output }
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func answers(_ port: Int) async -> Bool {
        for _ in 0..<100 {
            if let probe = try? launch("mosquitto_pub", ["-p", "\(port)", "-t", "demo/probe", "-n"]) {
                probe.waitUntilExit()
                if probe.terminationStatus == 0 { return true }
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}
