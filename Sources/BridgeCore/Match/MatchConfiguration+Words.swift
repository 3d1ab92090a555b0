import TLS

extension MatchConfiguration {
    /// The match as a person would write it, in one line: `{ json: $.op, equals: pong }`.
    var words: String { readable(flow, limit: 120) }

    private var flow: String {
        switch self {
        case .contains(let text, _): "{ contains: \(text) }"
        case .equals(let text, _): "{ equals: \(text) }"
        case .prefix(let text, _): "{ prefix: \(text) }"
        case .suffix(let text, _): "{ suffix: \(text) }"
        case .regex(let pattern, _): "{ regex: \(pattern) }"
        case .json(let path, let predicate, _): "{ json: \(path), \(predicate.words) }"
        case .kind(let kind): "{ kind: \(kind == .binary ? "binary" : "text") }"
        case .all(let parts): "{ all: [ \(parts.map(\.flow).joined(separator: ", ")) ] }"
        case .any(let parts): "{ any: [ \(parts.map(\.flow).joined(separator: ", ")) ] }"
        case .not(let part): "{ not: \(part.flow) }"
        }
    }
}

extension JSONPredicate {
    fileprivate var words: String {
        switch self {
        case .exists(let wanted): "exists: \(wanted)"
        case .equals(let scalar): "equals: \(scalar.words)"
        case .oneOf(let scalars): "one_of: [ \(scalars.map(\.words).joined(separator: ", ")) ]"
        case .contains(let text): "contains: \(text)"
        case .greaterThan(let bound): "gt: \(bound)"
        case .lessThan(let bound): "lt: \(bound)"
        }
    }
}

extension JSONScalar {
    fileprivate var words: String {
        switch self {
        case .string(let text): text
        case .number(let number): "\(number)"
        case .bool(let bool): "\(bool)"
        case .null: "null"
        }
    }
}
