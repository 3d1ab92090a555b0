@testable import BridgeCore

extension FuzzTarget {
    /// Input: a path.
    static let jsonPath = FuzzTarget(
        "json-path",
        "a path that is accepted reads the same from its own description; a fault lies within the text, in one line"
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            let path = try JSONPath(text)
            try require(path.description == text, "described as \(path)")
            try require(try JSONPath(path.description) == path, "another path from \(path)")
            try require(path.steps.count <= JSONPath.maximumDepth, "\(path.steps.count) levels")
            for case .member(let offset, let length, _) in path.steps {
                try require(offset >= 0 && offset + length <= path.names.count, "a name that lies outside")
            }
        } catch let error as JSONPathError {
            try require((0...text.unicodeScalars.count).contains(error.offset), "\(error) in \(text.count) characters")
            try require(isOneLine(error.description), "an error of several lines: \(error)")
        }
    }
}
