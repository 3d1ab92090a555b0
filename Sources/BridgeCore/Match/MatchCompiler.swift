/// Turns a match as written into conditions.
struct MatchCompiler {
    /// All regex conditions, for their counters.
    private(set) var regexes: [RegexCondition] = []

    mutating func compile(_ configuration: MatchConfiguration, depth: Int) throws(MatchError) -> MatchCondition {
        guard depth <= Matcher.maximumDepth else { throw .tooDeep }
        switch configuration {
        case .contains("", _), .prefix("", _), .suffix("", _):
            return EveryMessageCondition()
        case .contains(let text, let caseSensitive):
            return ContainsCondition(Needle(text, foldsCase: !caseSensitive))
        case .equals(let text, let caseSensitive):
            return FixedTextCondition(FixedText(text, foldsCase: !caseSensitive), at: .whole)
        case .prefix(let text, let caseSensitive):
            return FixedTextCondition(FixedText(text, foldsCase: !caseSensitive), at: .start)
        case .suffix(let text, let caseSensitive):
            return FixedTextCondition(FixedText(text, foldsCase: !caseSensitive), at: .end)
        case .regex(let pattern, let caseSensitive):
            let condition = RegexCondition(try PCRE2Pattern(pattern, foldsCase: !caseSensitive))
            regexes.append(condition)
            return condition
        case .json(let path, let predicate, let caseSensitive):
            do {
                return try Self.compile(JSONPath(path), predicate, foldsCase: !caseSensitive)
            } catch {
                throw .path(error)
            }
        case .kind(let kind):
            return KindCondition(kind)
        case .all(let parts):
            return AllCondition(try compile(parts, of: "all", depth: depth))
        case .any(let parts):
            return AnyCondition(try compile(parts, of: "any", depth: depth))
        case .not(let part):
            return NotCondition(try compile(part, depth: depth + 1))
        }
    }

    private mutating func compile(
        _ parts: [MatchConfiguration],
        of word: String,
        depth: Int
    ) throws(MatchError) -> [MatchCondition] {
        guard !parts.isEmpty else { throw .emptyCombination(word) }
        var conditions: [MatchCondition] = []
        for part in parts { conditions.append(try compile(part, depth: depth + 1)) }
        return conditions
    }

    private static func compile(
        _ path: JSONPath,
        _ predicate: JSONPredicate,
        foldsCase: Bool
    ) throws(JSONPathError) -> MatchCondition {
        switch predicate {
        case .exists(let wanted): JSONExistsCondition(path, wanted: wanted)
        case .equals(let scalar): JSONScalarCondition(path, oneOf: [scalar], foldsCase: foldsCase)
        case .oneOf(let scalars): JSONScalarCondition(path, oneOf: scalars, foldsCase: foldsCase)
        case .contains(let text): JSONContainsCondition(path, Needle(text, foldsCase: foldsCase))
        case .greaterThan(let bound): JSONNumberCondition(path, .greater, than: bound)
        case .lessThan(let bound): JSONNumberCondition(path, .less, than: bound)
        }
    }
}
