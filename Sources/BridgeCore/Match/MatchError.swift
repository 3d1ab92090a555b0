/// What is wrong with a match in the configuration, and what to write instead.
package enum MatchError: Error, Hashable, Sendable, CustomStringConvertible {
    case path(JSONPathError)
    /// Offset in characters of the pattern; the reason in PCRE2's words.
    case regex(offset: Int, reason: String)
    /// `all:` or `any:` without a match in it.
    case emptyCombination(String)
    case tooDeep
    case outOfMemory

    package var description: String {
        switch self {
        case .path(let error): "json: \(error)"
        case .regex(let offset, let reason): "regex: \(reason) (at character \(offset + 1))"
        case .emptyCombination(let word): "\(word): is empty; list at least one match, or leave it out"
        case .tooDeep: "matches are nested deeper than \(Matcher.maximumDepth) levels"
        case .outOfMemory: "regex: there is no memory for it"
        }
    }
}
