/// `match` of a route.
enum MatchKeys {
    static let contains = Key(
        "contains",
        .text(),
        default: "",
        "The message holds this text. With `json`: the value does."
    )
    static let equals = Key("equals", .text(), default: "", "The message is this text. With `json`: the value is this.")
    static let prefix = Key("prefix", .text(), default: "", "The message begins with this text.")
    static let suffix = Key("suffix", .text(), default: "", "The message ends with this text.")
    static let regex = Key(
        "regex",
        .text("a regular expression", check: PatternSyntax.problem(withRegex:)),
        default: "",
        "The message holds a match of this regular expression (PCRE2, UTF)."
    )
    static let json = Key(
        "json",
        .text("a JSON path such as $.type", check: PatternSyntax.problem(withJSONPath:)),
        default: "",
        "The value at this JSON path; needs `equals`, `contains`, `exists`, `one_of`, `gt` or `lt` beside it."
    )
    static let exists = Key("exists", .boolean, default: "", "With `json`: whether there is a value.")
    static let oneOf = Key(
        "one_of",
        .list(of: .jsonScalar, example: "[ alarm, 7, true ]", allowEmpty: false),
        default: "",
        "With `json`: the value is one of these."
    )
    static let greaterThan = Key("gt", .number, default: "", "With `json`: the value is a number above this.")
    static let lessThan = Key("lt", .number, default: "", "With `json`: the value is a number below this.")
    static let kind = Key("kind", ValueType<MessageWord>.choice, default: "", "The message is text, or binary.")
    static let all = Key("all", .matches, default: "", "A list of matches that all hold.")
    static let any = Key("any", .matches, default: "", "A list of matches of which one holds.")
    static let not = Key("not", .innerMatch, default: "", "A match that doesn't hold.")
    static let caseSensitive = Key(
        "case_sensitive",
        .boolean,
        default: .value(LoadingContext.matchesCaseByDefault),
        "Whether a and A differ, here and in the matches inside."
    )

    static let place = Place(
        id: "match",
        path: "routes.NAME.match",
        meaning: "Which messages a route takes. Of several conditions all must hold.",
        keys: [
            contains.described, equals.described, prefix.described, suffix.described, regex.described, json.described,
            exists.described, oneOf.described, greaterThan.described, lessThan.described, kind.described,
            all.described, any.described, not.described, caseSensitive.described,
        ]
    )
}

/// `kind` of a match.
enum MessageWord: String, Sendable, CaseIterable {
    case text
    case binary

    var kind: MessageKind { self == .text ? .text : .binary }
}

enum MatchSection {
    static func read(_ reader: MappingReader) -> MatchConfiguration? {
        let context = reader.context
        let outer = context.matchesCase
        defer { context.matchesCase = outer }
        context.matchesCase = reader.read(MatchKeys.caseSensitive) ?? outer

        var conditions = texts(reader, isSensitive: context.matchesCase)
        if reader.contains(MatchKeys.json.name) {
            conditions += json(reader, isSensitive: context.matchesCase)
        } else {
            refuseWithoutJSON(reader)
        }
        if let kind = reader.read(MatchKeys.kind) { conditions.append(.kind(kind.kind)) }
        if let all = reader.read(MatchKeys.all) { conditions.append(.all(all)) }
        if let any = reader.read(MatchKeys.any) { conditions.append(.any(any)) }
        if let not = reader.read(MatchKeys.not) { conditions.append(.not(not)) }

        let operators = MatchKeys.place.keys.map(\.name).filter { $0 != MatchKeys.caseSensitive.name }
        guard operators.contains(where: reader.contains) else {
            reader.error("match needs at least one of \(operators.joined(separator: ", "))")
            return nil
        }
        return conditions.count == 1 ? conditions[0] : .all(conditions)
    }

    private static func texts(_ reader: MappingReader, isSensitive: Bool) -> [MatchConfiguration] {
        var found: [MatchConfiguration] = []
        if !reader.contains(MatchKeys.json.name) {
            if let text = reader.read(MatchKeys.contains) { found.append(.contains(text, caseSensitive: isSensitive)) }
            if let text = reader.read(MatchKeys.equals) { found.append(.equals(text, caseSensitive: isSensitive)) }
        }
        if let text = reader.read(MatchKeys.prefix) { found.append(.prefix(text, caseSensitive: isSensitive)) }
        if let text = reader.read(MatchKeys.suffix) { found.append(.suffix(text, caseSensitive: isSensitive)) }
        if let text = reader.read(MatchKeys.regex) { found.append(.regex(text, caseSensitive: isSensitive)) }
        return found
    }

    /// Each condition beside `json` is one on its value.
    private static func json(_ reader: MappingReader, isSensitive: Bool) -> [MatchConfiguration] {
        let path = reader.read(MatchKeys.json)
        var predicates: [JSONPredicate] = []
        if let entry = reader.entry(MatchKeys.equals.name),
            let value = ValueType<JSONScalar>.jsonScalar.read(entry.value, reader.field(MatchKeys.equals.name))
        {
            predicates.append(.equals(value))
        }
        if let text = reader.read(MatchKeys.contains) { predicates.append(.contains(text)) }
        if let exists = reader.read(MatchKeys.exists) { predicates.append(.exists(exists)) }
        if let values = reader.read(MatchKeys.oneOf) { predicates.append(.oneOf(values)) }
        if let bound = reader.read(MatchKeys.greaterThan) { predicates.append(.greaterThan(bound)) }
        if let bound = reader.read(MatchKeys.lessThan) { predicates.append(.lessThan(bound)) }
        let names = [
            MatchKeys.equals.name, MatchKeys.contains.name, MatchKeys.exists.name, MatchKeys.oneOf.name,
            MatchKeys.greaterThan.name, MatchKeys.lessThan.name,
        ]
        if !names.contains(where: reader.contains) {
            reader.error(
                "json needs a condition beside it: \(names.joined(separator: ", "))",
                at: reader.keyPosition(MatchKeys.json.name)
            )
        }
        guard let path else { return [] }
        return predicates.map { .json(path: path, $0, caseSensitive: isSensitive) }
    }

    private static func refuseWithoutJSON(_ reader: MappingReader) {
        for key in [MatchKeys.exists.name, MatchKeys.oneOf.name, MatchKeys.greaterThan.name, MatchKeys.lessThan.name]
        where reader.contains(key) {
            reader.error("\(key) needs json: PATH beside it, such as json: $.type", at: reader.keyPosition(key))
        }
    }
}

extension ValueType<MatchConfiguration?> {
    /// `match` of a route: an empty text takes every message.
    static var match: Self {
        let inner = ValueType<MatchConfiguration>.innerMatch
        return ValueType(inner.words, schema: inner.schema) { node, field in
            if case .scalar(let scalar) = node.content, !scalar.isNull, scalar.text.isEmpty { return .some(nil) }
            if node.isNull { return .some(nil) }
            return inner.read(node, field)
        }
    }
}

extension ValueType<MatchConfiguration> {
    /// A text that the message contains, or a mapping.
    static var innerMatch: Self {
        let words = "a text, or a mapping such as { json: $.type, equals: alarm }"
        return ValueType(words, schema: ["anyOf": [["type": ["string", "number"]], .reference("match")]]) {
            node,
            field in
            switch node.content {
            case .scalar(let scalar) where !scalar.isNull:
                return .contains(scalar.text, caseSensitive: field.context.matchesCase)
            case .mapping(let entries):
                return MatchSection.read(
                    MappingReader(entries, of: MatchKeys.place, field: field, position: node.position)
                )
            case .unusable:
                return nil
            case .scalar, .sequence:
                let hint = node.isNull ? "" : ": write { all: [ … ] } or { any: [ … ] }"
                field.error("\(field.name) must be \(words), found \(node.described)\(hint)", at: node.position)
                return nil
            }
        }
    }
}

extension ValueType<[MatchConfiguration]> {
    static var matches: Self {
        list(of: .innerMatch, example: "[ { contains: a }, { contains: b } ]", allowEmpty: false)
    }
}

extension ValueType<JSONScalar> {
    /// Without quotes `7`, `true` and `null` are what JSON calls so; in quotes they are texts.
    static var jsonScalar: Self {
        let words = "a text, a number, true, false or null"
        return ValueType(words, schema: ["type": ["string", "number", "boolean", "null"]]) { node, field in
            switch node.content {
            case .scalar(let scalar):
                guard scalar.isPlain else { return .string(scalar.text) }
                if scalar.isNull { return .null }
                return scalar.bool.map { .bool($0) } ?? scalar.number.map { .number($0) } ?? .string(scalar.text)
            case .unusable:
                return nil
            case .sequence, .mapping:
                field.error("\(field.name) must be \(words), found \(node.described)", at: node.position)
                return nil
            }
        }
    }
}

extension ValueType<JSONNumber> {
    static var number: Self {
        let words = "a number"
        return ValueType(words, schema: .typed("number")) { node, field in
            guard let scalar = scalar(node, field, words) else { return nil }
            if let number = scalar.number { return number }
            field.error("\(field.name) must be \(words), found \(scalar.described)", at: node.position)
            return nil
        }
    }
}

extension ValueType<Int> {
    /// A number of bytes, with or without a unit.
    static func bytes(_ range: ClosedRange<Int>) -> Self {
        let (plain, size) = (ValueType<Int>.integer(range, "bytes"), ValueType<Int>.size(range))
        return ValueType(plain.words, schema: ["type": ["integer", "string"]]) { node, field in
            if case .scalar(let scalar) = node.content, scalar.text.last?.isLetter ?? false {
                return size.read(node, field)
            }
            return plain.read(node, field)
        }
    }
}
