/// `match:` of a route, as written; `Matcher` is its compiled form.
package indirect enum MatchConfiguration: Sendable, Hashable {
    case contains(String, caseSensitive: Bool)
    case equals(String, caseSensitive: Bool)
    case prefix(String, caseSensitive: Bool)
    case suffix(String, caseSensitive: Bool)
    /// A PCRE2 pattern in UTF mode.
    case regex(String, caseSensitive: Bool)
    /// A JSON path and what its value must be.
    case json(path: String, JSONPredicate, caseSensitive: Bool)
    case kind(MessageKind)
    case all([MatchConfiguration])
    case any([MatchConfiguration])
    case not(MatchConfiguration)
}

/// What the value at a JSON path must be.
package enum JSONPredicate: Sendable, Hashable {
    case exists(Bool)
    case equals(JSONScalar)
    case oneOf([JSONScalar])
    /// For a string: contains; for other scalars, their JSON text contains.
    case contains(String)
    case greaterThan(JSONNumber)
    case lessThan(JSONNumber)
}

/// A scalar to compare a JSON value with.
package enum JSONScalar: Sendable, Hashable {
    case string(String)
    case number(JSONNumber)
    case bool(Bool)
    case null
}
