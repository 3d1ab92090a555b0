import WSClient

/// Replaces `${NAME}` and `${NAME:-default}` in one scalar, after parsing: a value can't become structure (S15).
///
/// `$${` stands for `${`. A `$` before anything else stays: `$.symbol` is a JSON path.
struct EnvironmentSubstitution {
    enum Problem: Error, Equatable {
        /// The variable isn't set and has no default.
        case unset(String)
        /// `${` that names no variable, or isn't closed.
        case malformed
    }

    struct Result: Equatable {
        var text: String
        /// The variables whose values came from the environment.
        var variables: [String]
        /// Of those, the values that are likely secrets by their variables' names.
        var secrets: [String] = []
        /// Variables with such names whose values stand in quotes.
        var quoted: [String] = []
    }

    var environment: [String: String]

    func substitute(in text: String) -> Swift.Result<Result, Problem> {
        var rest = Substring(text)
        var result = Result(text: "", variables: [])
        while let dollar = rest.firstIndex(of: "$") {
            result.text += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result.text += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else { return .failure(.malformed) }
                switch expand(rest[rest.index(rest.startIndex, offsetBy: 2)..<end], into: &result) {
                case .success: rest = rest[rest.index(after: end)...]
                case .failure(let problem): return .failure(problem)
                }
            } else {
                result.text += "$"
                rest = rest.dropFirst()
            }
        }
        result.text += rest
        return .success(result)
    }

    /// `reference` is what stands between the braces.
    private func expand(_ reference: Substring, into result: inout Result) -> Swift.Result<Void, Problem> {
        let nameEnd = reference.utf8.firstIndex { !Self.isNameByte($0) } ?? reference.endIndex
        let name = String(reference[..<nameEnd])
        let behind = reference[nameEnd...]
        guard let first = name.utf8.first, !(48...57).contains(first), behind.isEmpty || behind.hasPrefix(":-") else {
            return .failure(.malformed)
        }
        let value = environment[name]
        if behind.isEmpty {
            guard let value else { return .failure(.unset(name)) }
            note(value, of: name, in: &result)
        } else if let value, !value.isEmpty {
            note(value, of: name, in: &result)
        } else {
            result.text += behind.dropFirst(2)
        }
        return .success(())
    }

    private func note(_ value: String, of name: String, in result: inout Result) {
        result.text += value
        result.variables.append(name)
        guard SecretName.matches(name) else { return }
        if SecretReader.isInQuotes(value) { result.quoted.append(name) }
        if value.utf8.count >= Self.shortestSecret { result.secrets.append(value) }
    }

    /// In bytes: a shorter value would be hidden wherever it stands by chance.
    static let shortestSecret = 6

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), 48...57, UInt8(ascii: "_"):
            true
        default:
            false
        }
    }
}
