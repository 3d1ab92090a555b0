/// One parser, and what has to hold for it whatever bytes it is given.
struct FuzzTarget: Sendable, CustomStringConvertible {
    /// What stands on the command line, and the name of its corpus.
    let name: String
    /// What `check` checks, in one line.
    let property: String
    /// Throws `PropertyBroken` where the property doesn't hold; a crash says the same.
    let check: @Sendable ([UInt8]) throws -> Void

    init(_ name: String, _ property: String, _ check: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.name = name
        self.property = property
        self.check = check
    }

    var description: String { name }

    static let all: [FuzzTarget] = [
        .frames, .framesBesideNIO, .compressedFrames, .deflate, .closePayload, .utf8, .httpResponse, .extensionHeader,
        .redirect, .url, .jsonPath, .jsonScan, .topicTemplate, .logText, .command, .configuration,
        .carriedProperties,
    ]
}

/// A property that an input broke.
struct PropertyBroken: Error, CustomStringConvertible {
    let description: String
}

/// Throws unless the condition holds.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    if !condition { throw PropertyBroken(description: what()) }
}

/// An input's parts: small decisions come from its first bytes, texts are cut at NUL.
struct FuzzInput {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The next byte; 0 at the end.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// The bytes up to the next NUL, which is skipped, or to the end.
    mutating func bytesUpToNUL() -> [UInt8] {
        let part = Array(rest.prefix { $0 != 0 })
        rest = rest.dropFirst(part.count + 1)
        return part
    }

    mutating func textUpToNUL() -> String { String(decoding: bytesUpToNUL(), as: UTF8.self) }
}
