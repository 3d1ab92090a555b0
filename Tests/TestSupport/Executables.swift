package import Foundation

/// Programs that tests start.
package enum Executables {
    /// The gateway, as built with these tests.
    package static var wsbridge: URL { get throws { try built("wsbridge") } }

    /// The echo client, as built with these tests.
    package static var wsecho: URL { get throws { try built("wsecho") } }

    /// An installed program, looked up in PATH and where Debian keeps daemons.
    package static func installed(_ name: String) throws -> URL {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let directories = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin", "/sbin"]
        for directory in directories {
            let url = URL(fileURLWithPath: directory).appendingPathComponent(name)
            if FileManager.default.isExecutableFile(atPath: url.path) { return url }
        }
        throw SetupError("\(name) is not installed (`make deps` installs what the tests need)")
    }

    /// The folder of the checkout.
    package static var checkout: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// Beside the test bundle that runs, whatever scratch path it was built in; else the usual place in the checkout.
    private static func built(_ name: String) throws -> URL {
        var directories: [URL] = []
        if let given = ProcessInfo.processInfo.environment["WSBRIDGE_PRODUCTS"] {
            directories.append(URL(fileURLWithPath: given))
        }
        if let running = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            directories.append(URL(fileURLWithPath: running).deletingLastPathComponent())
        }
        directories += CommandLine.arguments.filter { $0.contains(".xctest") }
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        directories.append(checkout.appendingPathComponent(".build/debug"))
        for directory in directories {
            let url = directory.appendingPathComponent(name)
            if FileManager.default.isExecutableFile(atPath: url.path) { return url }
        }
        throw SetupError("\(name) is not built; looked in \(directories.map(\.path))")
    }
}
