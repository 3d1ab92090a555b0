@testable import BridgeCore

extension FuzzTarget {
    /// Input: a configuration file.
    static let configuration = FuzzTarget(
        "configuration",
        "a configuration or at least one error; each finding has its place in the file and is one line"
    ) { bytes in
        let loader = ConfigurationLoader(
            environment: ["HOME": "/home/user", "WORD": "a\nb: c", "TOKEN": "canary-variable"],
            hostName: "host",
            userID: 1000
        )
        let outcome = loader.load(bytes, file: "fuzz.yaml", isWorldReadable: bytes.count & 1 == 1)
        let errors = outcome.diagnostics.filter { $0.severity == .error }
        try require((outcome.configuration == nil) == !errors.isEmpty, "\(errors.count) errors")
        let lines = bytes.reduce(into: 1) { count, byte in if byte == 10 || byte == 13 { count += 1 } }
        for diagnostic in outcome.diagnostics {
            let position = try diagnostic.position.orBroken("no place: \(diagnostic)")
            // Unicode's own line ends count too.
            try require((1...lines + bytes.count / 2 + 1).contains(position.line), "line \(position.line) of \(lines)")
            try require((1...bytes.count + 2).contains(position.column), "column \(position.column)")
            try require(isOneLine(diagnostic.description), "several lines: \(diagnostic.description.debugDescription)")
            try require(!diagnostic.message.contains("canary-variable"), "a secret: \(diagnostic.message)")
        }
    }
}

extension Optional {
    fileprivate func orBroken(_ what: @autoclosure () -> String) throws -> Wrapped {
        guard let self else { throw PropertyBroken(description: what()) }
        return self
    }
}
