/// Why a secret can't be used.
///
/// Names the file, never its content.
package enum SecretError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case tooLarge(path: String)
    case empty(path: String)
    case notText(path: String)
    /// A line break or a NUL within: the value would end a header or be cut.
    case severalLines(path: String)
    /// The value is good for nothing here; `problem` says why.
    case unfit(path: String, problem: String)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "the secret file \(quoted(path, limit: 300)): \(reason)"
        case .tooLarge(let path): "the secret file \(quoted(path, limit: 300)) is larger than 64 KiB"
        case .empty(let path): "the secret file \(quoted(path, limit: 300)) is empty"
        case .notText(let path): "the secret file \(quoted(path, limit: 300)) is not UTF-8"
        case .severalLines(let path):
            "the secret file \(quoted(path, limit: 300)) must hold one line, without control characters"
        case .unfit(let path, let problem): "the secret file \(quoted(path, limit: 300)) \(problem)"
        }
    }
}

/// The value of a secret, read anew each time where it is a file's.
package enum SecretReader {
    static let maximumSize = 64 << 10

    /// One newline at the file's end is not part of the value.
    ///
    /// A literal was judged when the configuration was read.
    package static func read(_ secret: Secret, for use: SecretUse = .text) throws(SecretError) -> String {
        switch secret {
        case .literal(let value): return value
        case .file(let path):
            let value = try read(path)
            if let problem = use.problem(with: value) { throw .unfit(path: path, problem: problem) }
            return value
        }
    }

    /// True for a value that begins and ends with the same quote character, as an `--env-file` gives it.
    static func isInQuotes(_ value: String) -> Bool {
        guard value.utf8.count >= 2, let first = value.first, first == value.last else { return false }
        return first == "\"" || first == "'"
    }

    static func quotesWarning(of what: String) -> String {
        "\(what) begins and ends with a quote, which is part of the secret: an --env-file keeps quotes; delete both, "
            + "unless they belong to it"
    }

    private static func read(_ path: String) throws(SecretError) -> String {
        let file: LocalFile
        switch LocalFile.read(path, limit: maximumSize + 1) {
        case .success(let content): file = content
        case .failure(let problem): throw .unreadable(path: path, reason: problem.message)
        }
        guard file.isRegular else { throw .unreadable(path: path, reason: "this is no regular file") }
        guard file.bytes.count <= maximumSize else { throw .tooLarge(path: path) }
        var bytes = file.bytes[...]
        if bytes.last == UInt8(ascii: "\n") {
            bytes.removeLast()
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        }
        guard !bytes.isEmpty else { throw .empty(path: path) }
        guard !bytes.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else { throw .severalLines(path: path) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText(path: path) }
        return text
    }
}
