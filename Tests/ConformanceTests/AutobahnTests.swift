import Foundation
import TestSupport
import Testing

/// The Autobahn test suite's cases against `wsecho`: RFC 6455 as others read it.
struct AutobahnTests {
    @Test(
        "RFC 6455 and 7692: every Autobahn case passes, strictly; of compression, the first of each kind",
        .enabled(
            if: Autobahn.isInstalled || Autobahn.isRequired,
            "Tests/ConformanceTests/autobahn/setup.sh installs it"
        )
    )
    func everyCasePasses() async throws {
        try await withTemporaryDirectory { directory in
            let results = try await Autobahn.run(
                cases: ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
                    // Named whole: to the suite, "12.*.1" is 12.1.10 as well.
                    + (1...5).map { "12.\($0).1" } + (1...7).map { "13.\($0).1" },
                report: directory
            )
            #expect(results.count == 313, "16 + 11 + 7 + 10 + 20 + 145 + 37 + 54 + 1 + 5 + 7 cases")
            let clean = ["OK", "INFORMATIONAL"]
            for (name, result) in results.sorted(by: { $0.key < $1.key }) {
                #expect(clean.contains(result.behavior), "case \(name)")
                #expect(clean.contains(result.behaviorClose), "case \(name), the closing")
            }
        }
    }
}

/// The fuzzing server, in its own Python environment.
private enum Autobahn {
    struct Result: Decodable {
        var behavior: String
        var behaviorClose: String
    }

    private static let folder = Executables.checkout.appendingPathComponent("Tests/ConformanceTests/autobahn")
    private static let environment = Executables.checkout.appendingPathComponent(".build/autobahn-venv")

    static var isInstalled: Bool {
        FileManager.default.fileExists(atPath: environment.appendingPathComponent(".done").path)
    }

    /// Set where a skipped suite has to be a failure.
    static var isRequired: Bool { ProcessInfo.processInfo.environment["REQUIRE_AUTOBAHN"] == "1" }

    static func run(cases: [String], report: URL) async throws -> [String: Result] {
        let port = freePort()
        var environment = ProcessInfo.processInfo.environment
        environment["CASES"] = String(decoding: try JSONEncoder().encode(cases), as: UTF8.self)
        let server = folder.appendingPathComponent("serve.sh").path
        try await withProcess(
            Executables.installed("bash"),
            [server, "\(port)", report.path],
            environment: environment
        ) { server in
            try await waitUntilItListens(on: port, server)
            let echo = try await TestSupport.run(
                Executables.wsecho,
                ["ws://127.0.0.1:\(port)", "--autobahn", "wsecho"],
                within: .seconds(300)
            )
            #expect(echo.status == .exited(0), "\(echo.output)\(echo.errors)\(server.errors.tail())")
        }
        let index = try Data(contentsOf: report.appendingPathComponent("index.json"))
        return try JSONDecoder().decode([String: [String: Result]].self, from: index)["wsecho"] ?? [:]
    }

    private static func waitUntilItListens(on port: Int, _ server: ChildProcess) async throws {
        try await eventually("the fuzzing server's port", within: .seconds(60)) {
            if !server.isRunning { throw SetupError("the fuzzing server ended: \(server.errors.tail())") }
            return try await TestSupport.run(
                Executables.installed("bash"),
                ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]
            ).status == .exited(0)
        }
    }
}
